"""Jobs being watched: a bar on a terminal, a line per change elsewhere. Both on stderr, stdout is the result's."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from cli.output import console, note, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_STEP_PERCENT: Final = 10
_TROUBLE: Final = ""


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


def display(n_jobs: int = 1) -> Display:
    """What suits stderr."""
    target = console(stderr=True)
    return Bars(target, named=n_jobs > 1) if target.is_terminal else Lines(named=n_jobs > 1)


class Bars:
    """State, bar, percent, time, and the node at work, in a line for each job that goes away at the end."""

    def __init__(self, target: "Console", *, named: bool) -> None:
        self._progress = _columns(target)
        self._named = named
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._progress.stop()

    def show(self, job: Mapping[str, Any]) -> None:
        job_id = str(job.get("job_id"))
        if job_id not in self._tasks:
            self._tasks[job_id] = self._progress.add_task("pending", total=100, where="")
        name = f"{job_id} " if self._named else ""
        self._progress.update(
            self._tasks[job_id],
            description=printable(f"{name}{_state(job)}"),
            completed=_percent(job),
            where=_where(job),
        )

    def trouble(self, message: str) -> None:
        for task in self._tasks.values():
            self._progress.update(task, where=printable(f"{message} Trying again …"))


class Lines:
    """One line per change of state, and at every tenth of the way."""

    def __init__(self, *, named: bool) -> None:
        self._named = named
        self._last: dict[str, object] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def show(self, job: Mapping[str, Any]) -> None:
        job_id = str(job.get("job_id"))
        now = (_state(job), _percent(job) // _STEP_PERCENT)
        if now != self._last.get(job_id):
            self._last.pop(_TROUBLE, None)
            self._last[job_id] = now
            name = f"{job_id} " if self._named else ""
            note(f"{name}{_state(job)} {_percent(job)} % {_where(job)}".rstrip())

    def trouble(self, message: str) -> None:
        if message != self._last.get(_TROUBLE):
            self._last[_TROUBLE] = message
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
