"""Who listens on a port of this machine, from `/proc` (Linux)."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_LISTENING: Final = "0A"
_UNKNOWN: Final = "another process, which this user cannot see"


def listener_of(port: int) -> str:
    """`name (pid 123)`, or that it is not known."""
    inodes = set(_inodes(port))
    for process in Path("/proc").glob("[0-9]*"):
        if inodes and inodes & set(_sockets(process)):
            return f"{_name(process)} (pid {process.name})"
    return _UNKNOWN


def _inodes(port: int) -> Iterator[str]:
    """Of the sockets that listen there."""
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTENING and int(columns[1].rsplit(":", 1)[1], 16) == port:
                    yield f"socket:[{columns[9]}]"


def _sockets(process: Path) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())


def _name(process: Path) -> str:
    with suppress(OSError):
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    return "a process"
