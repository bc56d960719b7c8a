"""What a period's figures say."""

from typing import Any

import pytest

from services.metrics.domain.analytics import N_SLOWEST, Analytics, analytics_of, days_until
from services.metrics.domain.error_counts import MAX_ERROR_TYPES, SHOWN_ERROR_TYPES
from services.metrics.domain.facts import JobFact
from services.metrics.domain.figures import Figures, sum_of, with_jobs
from services.metrics.domain.rollup_keys import DAY_MS
from services.metrics.domain.workflow_times import MAX_WORKFLOWS
from shared.jobs import JobStatus

MIDNIGHT_MS = 1_767_225_600_000


def fact(n: int, status: JobStatus = JobStatus.COMPLETED, **values: Any) -> JobFact:
    names = {"tenant_id": "t", "workflow_id": "w", "workflow_name": "n", "environment": "default", "robot_id": "r"}
    figures = {"finished_ms": MIDNIGHT_MS + n, "duration_ms": 1_000, "error_type": None}
    return JobFact(job_id=f"j{n}", status=status, **{**names, **figures, **values})


def analysed(*days: list[JobFact]) -> Analytics:
    return analytics_of(sum_of(with_jobs(Figures(), facts, detailed=True) for facts in days))


def test_without_jobs_everything_is_zero() -> None:
    for nothing in (analysed(), analysed([]), analysed([fact(1, JobStatus.CANCELLED)])):
        assert (nothing.success_rate, nothing.failure_rate, nothing.self_healing_success_rate) == (0, 0, 0)
        assert (nothing.duration_p50_ms, nothing.duration_p90_ms, nothing.duration_p99_ms) == (0, 0, 0)
        assert (nothing.slowest_workflows, nothing.error_distribution) == ([], {})


@pytest.mark.parametrize(
    ("completed", "failed", "timeout", "rates"),
    [(1, 0, 0, (100.0, 0.0)), (0, 1, 1, (0.0, 100.0)), (2, 1, 0, (66.7, 33.3)), (15, 0, 1, (93.8, 6.2))],
)
def test_the_rates_leave_out_cancelled_jobs_and_make_a_hundred(
    completed: int, failed: int, timeout: int, rates: tuple[float, float]
) -> None:
    ends = [JobStatus.COMPLETED] * completed + [JobStatus.FAILED] * failed + [JobStatus.TIMEOUT] * timeout
    found = analysed([fact(n, status) for n, status in enumerate([*ends, *[JobStatus.CANCELLED] * 9])])
    assert (found.success_rate, found.failure_rate) == rates


def test_the_slowest_workflows_are_ten_by_average_over_all_days() -> None:
    first = [fact(n, workflow_id=f"w{n:02}", duration_ms=1_000 * n) for n in range(12)]
    second = [fact(DAY_MS, workflow_id="w00", workflow_name="new name", duration_ms=100_000)]
    slowest = analysed(first, second).slowest_workflows
    assert [slow.workflow_id for slow in slowest] == ["w00", *(f"w{n:02}" for n in range(11, 2, -1))]
    assert len(slowest) == N_SLOWEST
    assert (slowest[0].time.average_ms, slowest[0].time.n_jobs, slowest[0].time.name) == (50_000, 2, "new name")
    assert analysed(second, first).slowest_workflows == slowest


def test_workflows_beyond_the_bound_count_in_all_figures_but_the_slowest() -> None:
    facts = [fact(n, workflow_id=f"w{n}") for n in range(MAX_WORKFLOWS)]
    found = analysed([*facts, fact(MAX_WORKFLOWS, workflow_id="one too many", duration_ms=10**9)])
    assert found.totals.completed == MAX_WORKFLOWS + 1
    assert found.duration_p99_ms < 2_000
    assert {slow.time.average_ms for slow in found.slowest_workflows} == {1_000}


def test_the_rarer_errors_are_shown_together() -> None:
    names = [f"E{n:03}" for n in range(SHOWN_ERROR_TYPES + 7)]
    facts = [fact(n, JobStatus.FAILED, error_type=name) for n, name in enumerate([*names, "E056", "OTHER"])]
    shown = analysed(facts).error_distribution
    assert (next(iter(shown)), shown["E056"], shown["OTHER"]) == ("E056", 2, 8)
    assert len(shown) == SHOWN_ERROR_TYPES + 1


def test_a_robot_that_names_endless_errors_fills_no_document() -> None:
    facts = [fact(n, JobStatus.FAILED, error_type=f"E.$ {n}") for n in range(MAX_ERROR_TYPES + 7)]
    figures = with_jobs(Figures(), facts, detailed=True)
    assert '"OTHER":7' in figures.errors_json
    assert figures.errors_json.count(":") == MAX_ERROR_TYPES + 1


def test_repairs_that_worked_are_a_share_of_all_repairs() -> None:
    first = fact(1, healing_attempts=3, healing_successes=1)
    assert analysed([first], [fact(2, healing_attempts=1, healing_successes=1)]).self_healing_success_rate == 50.0


def test_a_period_ends_with_today() -> None:
    assert days_until(MIDNIGHT_MS, 1) == days_until(MIDNIGHT_MS + DAY_MS - 1, 1) == (MIDNIGHT_MS,)
    assert days_until(MIDNIGHT_MS, 3) == (MIDNIGHT_MS - 2 * DAY_MS, MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS)
