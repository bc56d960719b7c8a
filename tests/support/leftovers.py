"""What a run of the tests must not leave behind, written down before it can be forgotten.

Whoever makes such a thing (a process, a vhost, keys in a shared server) registers it; `tests/support/reaper.py` removes
all that is registered when the run ends, however it ends.
"""

import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

import msgspec
import psutil

from tests.support.eventually import wait_until

RUN_DIRECTORY: Final = "CASARE_TEST_RUN_DIRECTORY"


class Leftover(msgspec.Struct, frozen=True, tag=True):
    """Something that would outlive the run."""

    # What lives inside a server goes before the process that serves it.
    in_a_server: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """What to call it in a message, without any credential."""
        raise NotImplementedError

    def remove(self) -> None:
        """Removes it; success when it is gone already."""
        raise NotImplementedError


class Process(Leftover, frozen=True, tag=True):
    """A process started for tests, with all its descendants."""

    in_a_server: ClassVar[bool] = False
    pid: int
    started: float  # tells it from a later process of the same number

    @classmethod
    def of(cls, pid: int) -> "Process":
        return cls(pid, psutil.Process(pid).create_time())

    @property
    def label(self) -> str:
        return f"process {self.pid}"

    def remove(self) -> None:
        try:
            process = psutil.Process(self.pid)
            if process.create_time() == self.started:
                kill_all([process, *process.children(recursive=True)])
        except psutil.NoSuchProcess:
            return


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """Ends them with SIGKILL and waits until they are gone. Raises AssertionError if one is not, seconds later."""
    doomed = list(processes)
    for process in doomed:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    wait_until(lambda: all(is_gone(process) for process in doomed), because="SIGKILL was sent")


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended. One that nobody has waited for yet (a zombie) has, once its last thread has."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:
        return True


class Note:
    """That something is registered."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def forget(self) -> None:
        """It is gone, or was removed by its maker."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def register(leftover: Leftover) -> Note:
    """Notes it for the reaper. Outside a run of the tests nothing is noted: the maker alone is answerable."""
    directory = os.environ.get(RUN_DIRECTORY)
    if directory is None:
        return Note(None)
    path = notes_in(Path(directory)) / f"{uuid.uuid4()}.json"
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(msgspec.json.encode(leftover))
    return Note(unfinished.rename(path))


def notes_in(run_directory: Path) -> Path:
    """The folder of a run's notes; made if need be."""
    folder = run_directory / "leftovers"
    folder.mkdir(exist_ok=True)
    return folder
