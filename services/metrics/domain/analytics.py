"""What a period's figures say about its jobs."""

import heapq
from dataclasses import dataclass
from typing import Final

from services.metrics.domain.error_counts import most_frequent
from services.metrics.domain.figures import Figures, Sum
from services.metrics.domain.rollup_keys import DAY_MS, day_of
from services.metrics.domain.workflow_times import WorkflowTime

MAX_DAYS: Final = 90
N_SLOWEST: Final = 10


@dataclass(frozen=True, slots=True)
class SlowWorkflow:
    """A workflow whose jobs take long."""

    workflow_id: str
    time: WorkflowTime


@dataclass(frozen=True, slots=True)
class Analytics:
    """The contract's figures of a period. Rates are percents with one decimal."""

    totals: Figures
    success_rate: float
    failure_rate: float
    duration_p50_ms: int
    duration_p90_ms: int
    duration_p99_ms: int
    slowest_workflows: list[SlowWorkflow]
    error_distribution: dict[str, int]
    self_healing_success_rate: float


def days_until(now_ms: int, n_days: int) -> tuple[int, ...]:
    """The starts of the last `n_days` UTC days, today (which is not over) included."""
    return tuple(day_of(now_ms) - n * DAY_MS for n in reversed(range(n_days)))


def analytics_of(figures: Sum) -> Analytics:
    """The analytics of `figures`.

    Both rates are of the jobs that a robot brought to an end, completed, failed or timed out, and make 100 together:
    a job that a user cancelled is no success and no failure. Without any they are 0 (clarifications 21).
    """
    totals = figures.totals
    n_unsuccessful = totals.failed + totals.timeout
    success_rate = percent(totals.completed, totals.completed + n_unsuccessful)
    return Analytics(
        totals=totals,
        success_rate=success_rate,
        failure_rate=round(100 - success_rate, 1) if totals.completed + n_unsuccessful else 0.0,
        duration_p50_ms=figures.durations.percentile(50),
        duration_p90_ms=figures.durations.percentile(90),
        duration_p99_ms=figures.durations.percentile(99),
        slowest_workflows=_slowest(figures),
        error_distribution=most_frequent(figures.errors),
        self_healing_success_rate=percent(totals.healing_successes, totals.healing_attempts),
    )


def percent(part: int, whole: int) -> float:
    """`part` of `whole` in percent with one decimal; 0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0


def _slowest(figures: Sum) -> list[SlowWorkflow]:
    """The greatest averages first; equal ones by id."""
    workflows = (SlowWorkflow(workflow_id, time) for workflow_id, time in figures.workflows.items())
    return heapq.nsmallest(
        N_SLOWEST, workflows, key=lambda slow: (-slow.time.total_ms / slow.time.n_jobs, slow.workflow_id)
    )
