"""What a running `casare up` tells other commands of this machine, in its data folder: `running.json`.

The store of an embedded installation, and brokers of its own, listen on ports found at the start; whoever may read the
folder's secrets may know them.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from cli.data_folder import OWNER_ONLY, DataFolder

TOLD: Final = (
    "CASARE_MONGODB_URL",
    "CASARE_MONGODB_DATABASE",
    "CASARE_MONGODB_JOURNALED",
    "CASARE_AMQP_URL",
    "CASARE_AMQP_PREFIX",
    "CASARE_REDIS_URL",
    "CASARE_REDIS_PREFIX",
)


@dataclass(frozen=True, slots=True)
class RunningInstallation:
    """A `casare up` that holds its data folder."""

    pid: int
    url: str
    environment: dict[str, str]
    """How its processes reach store and brokers."""


@contextmanager
def announced(folder: DataFolder, url: str) -> Iterator[None]:
    """Tell where this process' installation is until the block ends. Call it once store and brokers are known."""
    path = folder.path / "running.json"
    temporary = path.with_suffix(".new")
    environment = {name: os.environ[name] for name in TOLD if os.environ.get(name)}
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"pid": os.getpid(), "url": url, "environment": environment}, file, indent=2)
    temporary.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running_installation(folder: DataFolder) -> RunningInstallation | None:
    """The installation that runs on `folder`; None when none does, or it has not come so far yet.

    A killed one leaves its note behind, so the note counts only while the folder's lock is held.
    """
    if not is_in_use(folder):
        return None
    try:
        told = json.loads((folder.path / "running.json").read_text(encoding="utf-8"))
        return RunningInstallation(int(told["pid"]), str(told["url"]), dict(told["environment"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_in_use(folder: DataFolder) -> bool:
    """Whether a `casare up` holds the folder now."""
    try:
        with (folder.path / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
