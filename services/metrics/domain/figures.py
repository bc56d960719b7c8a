"""What is counted of finished jobs. Adding jobs or figures in any order gives the same figures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from services.metrics.domain.error_counts import counted, errors_from_json, errors_to_json
from services.metrics.domain.facts import JobFact
from services.metrics.domain.sketch import Sketch
from services.metrics.domain.workflow_times import (
    WorkflowTime,
    WorkflowTimes,
    added,
    summed,
    times_from_json,
    times_to_json,
)
from shared.jobs import JobStatus


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts. Durations leave out cancelled jobs, which say nothing about how long a job takes."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    timeout: int = 0
    duration_ms_sum: int = 0
    n_durations: int = 0
    healing_attempts: int = 0
    healing_successes: int = 0
    errors_json: str = "{}"
    """Error type → jobs, as JSON text: robots choose the names. Like the next two, only in a tenant's days."""
    durations_json: str = "[]"
    """A `Sketch`."""
    workflows_json: str = "{}"
    """Workflow → `WorkflowTime`."""

    @property
    def average_duration_ms(self) -> int:
        """Mean duration; 0 without jobs (clarifications 21)."""
        return round(self.duration_ms_sum / self.n_durations) if self.n_durations else 0


COUNTS: Final = tuple(field.name for field in msgspec.structs.fields(Figures) if field.type is int)
"""The names of the plain numbers."""

FiguresT = TypeVar("FiguresT", bound=Figures)


def with_jobs(figures: FiguresT, facts: Sequence[JobFact], *, detailed: bool) -> FiguresT:
    """`figures` with the jobs of `facts`; `detailed`: with their error types, durations and workflows too."""
    timed = [fact for fact in facts if fact.status is not JobStatus.CANCELLED and fact.duration_ms is not None]
    durations = [fact.duration_ms or 0 for fact in timed]
    detail = _detail(figures, facts, timed, durations) if detailed else {}
    return msgspec.structs.replace(
        figures,
        completed=figures.completed + _count(facts, JobStatus.COMPLETED),
        failed=figures.failed + _count(facts, JobStatus.FAILED),
        cancelled=figures.cancelled + _count(facts, JobStatus.CANCELLED),
        timeout=figures.timeout + _count(facts, JobStatus.TIMEOUT),
        duration_ms_sum=figures.duration_ms_sum + sum(durations),
        n_durations=figures.n_durations + len(durations),
        healing_attempts=figures.healing_attempts + sum(fact.healing_attempts for fact in facts),
        healing_successes=figures.healing_successes + sum(fact.healing_successes for fact in facts),
        **detail,
    )


@dataclass(frozen=True, slots=True)
class Sum:
    """Figures of several rollups together."""

    totals: Figures
    errors: dict[str, int]
    durations: Sketch
    workflows: WorkflowTimes


def sum_of(figures: Iterable[Figures]) -> Sum:
    """All `figures` together; costs the same however many jobs stand behind them."""
    parts = list(figures)
    totals = Figures(**{name: sum(getattr(part, name) for part in parts) for name in COUNTS})
    errors: dict[str, int] = {}
    for part in parts:
        for name, count in errors_from_json(part.errors_json).items():
            errors[name] = errors.get(name, 0) + count
    workflows = summed(times_from_json(part.workflows_json) for part in parts)
    durations = Sketch.merged(Sketch.from_json(part.durations_json) for part in parts)
    return Sum(totals, errors, durations, workflows)


def _detail(
    figures: Figures, facts: Sequence[JobFact], timed: Sequence[JobFact], durations: Sequence[int]
) -> dict[str, str]:
    times = [
        (fact.workflow_id, WorkflowTime(1, duration, fact.finished_ms, fact.workflow_name))
        for fact, duration in zip(timed, durations, strict=True)
    ]
    errors = counted(errors_from_json(figures.errors_json), (f.error_type for f in facts if f.error_type is not None))
    workflows = added(times_from_json(figures.workflows_json), times)
    return {
        "errors_json": errors_to_json(errors),
        "durations_json": Sketch.from_json(figures.durations_json).plus(durations).to_json(),
        "workflows_json": times_to_json(workflows),
    }


def _count(facts: Sequence[JobFact], status: JobStatus) -> int:
    return sum(fact.status is status for fact in facts)
