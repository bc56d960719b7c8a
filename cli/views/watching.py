"""A job being watched: a bar on a terminal, a line per change elsewhere. Both on stderr, stdout is the result's."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from cli.output import console, note, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_STEP_PERCENT: Final = 10


class Display(Protocol):
    """Shows a job until the block ends."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def show(self, job: Mapping[str, Any]) -> None:
        """The job as it is now."""

    def trouble(self, message: str) -> None:
        """Why it cannot be seen now."""


def display() -> Display:
    """What suits stderr."""
    target = console(stderr=True)
    return Bar(target) if target.is_terminal else Lines()


class Bar:
    """State, bar, percent, time, and the node at work, in one line that goes away at the end."""

    def __init__(self, target: "Console") -> None:
        self._progress = _columns(target)
        self._task = self._progress.add_task("pending", total=100, where="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._progress.stop()

    def show(self, job: Mapping[str, Any]) -> None:
        self._progress.update(
            self._task, description=printable(_state(job)), completed=_percent(job), where=_where(job)
        )

    def trouble(self, message: str) -> None:
        self._progress.update(self._task, where=printable(f"{message} Trying again …"))


class Lines:
    """One line per change of state, and at every tenth of the way."""

    def __init__(self) -> None:
        self._last: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def show(self, job: Mapping[str, Any]) -> None:
        now = (_state(job), _percent(job) // _STEP_PERCENT)
        if now != self._last:
            self._last = now
            note(f"{_state(job)} {_percent(job)} % {_where(job)}".rstrip())

    def trouble(self, message: str) -> None:
        if message != self._last:
            self._last = message
            note(f"{message} Trying again …")


def _columns(target: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[where]}", markup=False),
        console=target,
        transient=True,
    )


def _state(job: Mapping[str, Any]) -> str:
    attempt = job.get("attempt")
    again = f" (attempt {attempt})" if isinstance(attempt, int) and attempt > 1 else ""
    return f"{job.get('status')}{again}"


def _percent(job: Mapping[str, Any]) -> int:
    progress = job.get("progress")
    return min(100, max(0, int(progress))) if isinstance(progress, int | float) else 0


def _where(job: Mapping[str, Any]) -> str:
    parts = [printable(job[name]) for name in ("current_node", "message") if job.get(name)]
    return " · ".join(parts)
