"""One run of the tests: the folder its workers share, and the process that clears up after it."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.leftovers import RUN_DIRECTORY

ROOT: Final = Path(__file__).parents[2]
_CLEAR_UP_SECONDS: Final = 60


class Run:
    """Begun and ended by the process that controls the run; its workers find it by the environment."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="casare-test-"))
        os.environ[RUN_DIRECTORY] = str(self.directory)
        # The reaper waits for the end of its input, which comes with the end of this process, even by SIGKILL.
        self._reaper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.reaper", str(self.directory)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def end(self) -> None:
        """Removes all leftovers and the folder; what could not be removed is named on stderr.

        Raises subprocess.TimeoutExpired after a minute.
        """
        os.environ.pop(RUN_DIRECTORY, None)
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()
        self._reaper.wait(_CLEAR_UP_SECONDS)
        shutil.rmtree(self.directory, ignore_errors=True)


def run_directory() -> Path:
    """The folder of the present run. Raises RuntimeError outside one."""
    directory = os.environ.get(RUN_DIRECTORY)
    if directory is None:
        raise RuntimeError(f"{RUN_DIRECTORY} is not set: no run of the tests has begun")
    return Path(directory)


def worker_name() -> str:
    """`gw0`, `gw1`, … under xdist, else `main`."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def space_name() -> str:
    """A name no other worker and no other run has, for vhosts, keys and databases: letters, digits, hyphens."""
    return f"{run_directory().name}-{worker_name()}".replace("_", "-")


def private_folder(name: str) -> Path:
    """A new folder in the run's, for one server's data."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=run_directory()))


@contextmanager
def one_at_a_time(subject: str) -> Iterator[None]:
    """Holds a lock that all workers of the run respect, until the block ends or the process dies."""
    with (run_directory() / f"{subject}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
