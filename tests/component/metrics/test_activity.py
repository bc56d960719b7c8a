"""GET /metrics/activity."""

from typing import Any

import pytest

from shared.events import CloudEvent
from shared.events.jobs import JobFailed
from shared.events.robots import RobotRegistered
from tests.component.metrics.running_metrics import FOREIGNER, Metrics, doubled_and_shuffled


async def publish_in_a_row(metrics: Metrics, n_events: int) -> list[CloudEvent]:
    """Ends of jobs `j0`, `j1`, … a second apart; the last one is now."""
    events = []
    for n in range(n_events):
        metrics.clock.advance(seconds=1)
        events.append(metrics.job_end(job_id=f"j{n}"))
    await metrics.publish(*doubled_and_shuffled(events))
    return events


def jobs_in(body: Any) -> list[str]:
    return [event["data"]["job_id"] for event in body["events"]]


async def test_nothing_happened_yet(metrics: Metrics) -> None:
    assert await metrics.read("/activity") == {"events": [], "total": 0}


async def test_an_event_is_shown_in_the_contracts_spelling(metrics: Metrics) -> None:
    await metrics.publish(metrics.job_end(job_id="job-1", environment="lan"))
    assert await metrics.read("/activity") == {
        "events": [
            {
                "event_type": "job_completed",
                "timestamp": "2026-01-01T12:00:00Z",
                "data": {
                    "job_id": "job-1",
                    "workflow_id": "w-1",
                    "workflow_name": "Invoices",
                    "status": "completed",
                    "environment": "lan",
                    "robot_id": "r-1",
                    "duration_ms": 1_000,
                },
            }
        ],
        "total": 1,
    }


async def test_events_that_come_twice_and_out_of_order_are_shown_once_newest_first(metrics: Metrics) -> None:
    await publish_in_a_row(metrics, 60)
    body = await metrics.read("/activity")
    assert jobs_in(body) == [f"j{n}" for n in range(59, 9, -1)]
    assert body["total"] == 60
    assert jobs_in(await metrics.read("/activity", limit=2)) == ["j59", "j58"]
    assert len((await metrics.read("/activity", limit=200))["events"]) == 60
    counted = {"subscription": "metrics.activity", "outcome": "duplicate"}
    assert metrics.counted("casare_metrics_events_total", **counted) == 60


async def test_since_leaves_out_that_moment_and_all_before(metrics: Metrics) -> None:
    await publish_in_a_row(metrics, 5)
    body = await metrics.read("/activity", since="2026-01-01T12:00:03Z")
    assert (jobs_in(body), body["total"]) == (["j4", "j3"], 2)
    assert jobs_in(await metrics.read("/activity", since="2026-01-01T13:00:04+01:00")) == ["j4"]
    assert jobs_in(await metrics.read("/activity", since="2026-01-01T12:00:05")) == []
    assert len(jobs_in(await metrics.read("/activity", since="0001-01-01"))) == 5
    assert jobs_in(await metrics.read("/activity", since="9999-12-31T23:59:59Z")) == []


async def test_one_type_can_be_asked_for_in_either_spelling(metrics: Metrics) -> None:
    await publish_in_a_row(metrics, 3)
    registered = RobotRegistered(robot_id="r-1", name="Robot", environment="default", status="idle")
    await metrics.publish(metrics.event(registered, subject="r-1"), metrics.job_end(JobFailed, job_id="f"))
    for spelling in ("robot_registered", "robot.registered"):
        body = await metrics.read("/activity", event_type=spelling)
        assert [event["data"]["robot_id"] for event in body["events"]] == ["r-1"]
    body = await metrics.read("/activity", event_type="job_completed", limit=2)
    assert (jobs_in(body), body["total"]) == (["j2", "j1"], 3)
    body = await metrics.read("/activity", event_type="job_completed", since="2026-01-01T12:00:02Z")
    assert (jobs_in(body), body["total"]) == (["j2"], 1)
    assert await metrics.read("/activity", event_type="job") == {"events": [], "total": 0}


async def test_another_tenant_sees_its_own_events_only(metrics: Metrics) -> None:
    await metrics.publish(
        metrics.job_end(job_id="ours"),
        metrics.job_end(job_id="theirs", tenant_id="elsewhere"),
        metrics.job_end(job_id="alike", tenant_id="default|job_completed"),
    )
    assert jobs_in(await metrics.read("/activity")) == ["ours"]
    body = await metrics.read("/activity", FOREIGNER, event_type="job_completed")
    assert (jobs_in(body), body["total"]) == (["theirs"], 1)


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 201},
        {"since": "yesterday"},
        {"since": ""},
        {"since": "2026-01-01T12:00:00 01:00:00"},
        {"event_type": ""},
        {"event_type": "job|completed"},
        {"event_type": "x" * 65},
    ],
    ids=str,
)
async def test_bad_queries_are_refused_by_name(metrics: Metrics, params: dict[str, Any]) -> None:
    answer = await metrics.get("/activity", **params)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == list(params)
