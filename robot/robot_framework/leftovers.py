"""Finding what a run started, also what left its process group: everything has the run's cookie in its environment."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
COOKIE: Final = "ROBOT_RUN_COOKIE"
_ROUNDS: Final = 10


def kill_all(cookie: str, *, proc: Path = PROC) -> None:
    """Kills every process with this cookie; again while there are any, since one may just be starting another.

    Systems that do not show environments in `/proc` have the process group only.
    """
    for _ in range(_ROUNDS):
        found = list(_processes(f"{COOKIE}={cookie}".encode(), proc))
        if not found:
            return
        for process_id in found:
            _kill(process_id)


def _processes(entry: bytes, proc: Path) -> Iterator[int]:
    try:
        names = [path.name for path in proc.iterdir() if path.name.isdecimal()]
    except OSError:
        return
    for name in names:
        try:
            environment = (proc / name / "environ").read_bytes()
        except OSError:
            continue
        # What is dead, but not yet fetched by its parent, shows none.
        if entry in environment.split(b"\0"):
            yield int(name)


def _kill(process_id: int) -> None:
    try:
        os.kill(process_id, signal.SIGKILL)
    except OSError:
        return
