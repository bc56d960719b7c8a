"""A bar for what takes several steps, on a terminal; a line per tenth elsewhere. On stderr, stdout is the answer's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from cli.output import console, note, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_TENTHS: Final = 10


class Steps(Protocol):
    """Shows how far something is."""

    def at(self, done: int, total: int) -> None:
        """So much is done."""

    def trouble(self, message: str) -> None:
        """Why it does not go on now."""


@contextmanager
def steps(what: str, *, in_bytes: bool = False, quiet: bool = False) -> Iterator[Steps]:
    """What suits stderr, until the block ends; nothing off a terminal with `quiet`."""
    target = console(stderr=True)
    if not target.is_terminal:
        yield _Lines(what, quiet=quiet)
        return
    progress = _columns(target, in_bytes=in_bytes)
    with progress:
        yield _Bar(progress, progress.add_task(what, total=None, trouble=""))


class _Bar:
    def __init__(self, progress: "Progress", task: "TaskID") -> None:
        self._progress = progress
        self._task = task

    def at(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total, trouble="")

    def trouble(self, message: str) -> None:
        self._progress.update(self._task, trouble=printable(message))


class _Lines:
    def __init__(self, what: str, *, quiet: bool) -> None:
        self._what = what
        self._quiet = quiet
        self._last: object = None

    def at(self, done: int, total: int) -> None:
        tenth = (done * _TENTHS // total if total else _TENTHS, total)
        if not self._quiet and tenth != self._last:
            self._last = tenth
            note(f"{done} of {total} {self._what}")

    def trouble(self, message: str) -> None:
        if message != self._last:
            self._last = message
            note(message)


def _columns(target: "Console", *, in_bytes: bool) -> "Progress":
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[trouble]}", markup=False),
        console=target,
        transient=True,
    )
