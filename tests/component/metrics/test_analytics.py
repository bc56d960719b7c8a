"""GET /metrics/analytics."""

from typing import Any

import pytest

from services.metrics.domain.rollup_keys import DAY_MS
from shared.events.jobs import JobCancelled, JobCompleted, JobFailed, JobTimedOut
from tests.component.metrics.running_metrics import FOREIGNER, Metrics, doubled_and_shuffled

NOTHING = {
    "days": 7, "total_jobs": 0, "completed_jobs": 0, "failed_jobs": 0, "timeout_jobs": 0, "cancelled_jobs": 0,
    "success_rate": 0, "failure_rate": 0, "duration_p50_ms": 0, "duration_p90_ms": 0, "duration_p99_ms": 0,
    "slowest_workflows": [], "error_distribution": {}, "self_healing_success_rate": 0,
}  # fmt: skip


async def test_without_jobs_every_figure_is_zero(metrics: Metrics) -> None:
    assert await metrics.read("/analytics") == NOTHING


async def test_the_jobs_of_a_week_are_summed_up(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    events = [
        *(metrics.job_end(JobCompleted, finished_ms=now - n % 7 * DAY_MS, duration_ms=30_000) for n in range(15)),
        metrics.job_end(JobCompleted, healing_attempts=4, healing_successes=3, duration_ms=120_000),
        metrics.job_end(JobFailed, error_type="SELECTOR_NOT_FOUND", duration_ms=60_000, workflow_id="w-2"),
        metrics.job_end(JobFailed, error_type="SELECTOR_NOT_FOUND", duration_ms=40_000, workflow_id="w-2"),
        metrics.job_end(JobTimedOut, duration_ms=300_000, workflow_id="w-3", workflow_name="Report"),
        metrics.job_end(JobFailed, duration_ms=None, error_type=None, workflow_id="w-4"),
        metrics.job_end(JobCancelled, duration_ms=9_000_000, workflow_id="w-4"),
        metrics.job_end(JobFailed, finished_ms=now - 7 * DAY_MS),
        metrics.job_end(JobFailed, tenant_id="elsewhere"),
    ]
    await metrics.publish(*doubled_and_shuffled(events))
    await metrics.roll_up(len(events))
    found = await metrics.read("/analytics")
    percentiles = [found.pop(f"duration_p{percent}_ms") for percent in (50, 90, 99)]
    assert percentiles == [pytest.approx(exact, rel=0.02) for exact in (30_000, 120_000, 300_000)]
    assert found == {
        "days": 7,
        "total_jobs": 21,
        "completed_jobs": 16,
        "failed_jobs": 3,
        "timeout_jobs": 1,
        "cancelled_jobs": 1,
        "success_rate": 80.0,
        "failure_rate": 20.0,
        "slowest_workflows": [
            {"workflow_id": "w-3", "workflow_name": "Report", "avg_duration_ms": 300_000, "jobs": 1},
            {"workflow_id": "w-2", "workflow_name": "Invoices", "avg_duration_ms": 50_000, "jobs": 2},
            {"workflow_id": "w-1", "workflow_name": "Invoices", "avg_duration_ms": 35_625, "jobs": 16},
        ],
        "error_distribution": {"SELECTOR_NOT_FOUND": 2, "TIMEOUT": 1, "UNKNOWN": 1},
        "self_healing_success_rate": 75.0,
    }
    assert (await metrics.read("/analytics", FOREIGNER))["failed_jobs"] == 1
    assert (await metrics.read("/analytics", days=8))["failed_jobs"] == 4


async def test_a_period_begins_at_midnight_utc(metrics: Metrics) -> None:
    midnight = metrics.clock.now_ms() - DAY_MS // 2
    first = {days: midnight - (days - 1) * DAY_MS for days in (1, 2, 28)}
    ends = [end for start in first.values() for end in (start - 1, start)]
    await metrics.publish(*(metrics.job_end(finished_ms=end) for end in ends))
    await metrics.roll_up(len(ends))
    counted = {days: (await metrics.read("/analytics", days=days))["total_jobs"] for days in first}
    assert counted == {1: 1, 2: 3, 28: 5}


async def test_the_answer_is_at_most_a_second_old(metrics: Metrics) -> None:
    assert (await metrics.read("/analytics"))["total_jobs"] == 0
    await metrics.publish(metrics.job_end())
    await metrics.roll_up(1)
    assert (await metrics.read("/analytics"))["total_jobs"] == 0
    metrics.clock.advance(seconds=1)
    assert (await metrics.read("/analytics"))["total_jobs"] == 1


@pytest.mark.parametrize("days", [1, 90])
async def test_one_to_ninety_days_can_be_asked_for(metrics: Metrics, days: int) -> None:
    assert (await metrics.read("/analytics", days=days))["days"] == days


@pytest.mark.parametrize("days", [0, 91, -1, "week", "", 1.5, 10**30])
async def test_other_periods_are_refused(metrics: Metrics, days: Any) -> None:
    answer = await metrics.get("/analytics", days=days)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == ["days"]
