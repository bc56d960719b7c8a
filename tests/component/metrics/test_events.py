"""From event to figure: twice, shuffled, malformed, too late."""

import pytest

from services.metrics.adapters.rollup_store import ROLLUPS
from services.metrics.domain.rollup_keys import DAY_MS, TOTAL_KEY
from shared.events import CloudEvent, MalformedEvent, encode
from shared.events.jobs import JobCancelled, JobClaimed, JobCompleted, JobFailed, JobStarted, JobTimedOut
from shared.messaging.bus import Message
from shared.messaging.parking import PARKED
from shared.storage import Collection, Document
from tests.component.metrics.running_metrics import FOREIGNER, Metrics, doubled_and_shuffled, with_data

COUNTS = ("completed", "failed", "cancelled", "timeout")


async def rollups_of(metrics: Metrics, kind: str) -> list[Document]:
    return await Collection(metrics.runtime.store, ROLLUPS).find({"kind": kind}, sort=[("_id", 1)])


async def test_every_event_twice_and_shuffled_counts_once_in_every_rollup(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    models = (JobCompleted, JobFailed, JobCancelled, JobTimedOut)
    events = [
        metrics.job_end(
            models[n % 4],
            job_id=f"job-{n}",
            tenant_id=("default", "elsewhere")[n % 3 == 0],
            robot_id=f"r-{n % 5}",
            finished_ms=now - (n % 2) * 3_600_000,
            duration_ms=n,
        )
        for n in range(80)
    ]
    life = [metrics.event(m(job_id="job-1", workflow_id="w", workflow_name="n", status="x"), subject="job-1")
            for m in (JobClaimed, JobStarted)]  # fmt: skip
    await metrics.publish(*doubled_and_shuffled([*events, *life]))
    await metrics.roll_up(80)
    await metrics.publish(*doubled_and_shuffled(events, seed=2))
    for kind, n_rollups in (("total", 1), ("tenant_day", 2), ("robot_day", 10)):
        rollups = await rollups_of(metrics, kind)
        assert len(rollups) == n_rollups
        assert [sum(rollup[count] for rollup in rollups) for count in COUNTS] == [20, 20, 20, 20], kind
        assert sum(rollup["n_durations"] for rollup in rollups) == 60
        assert sum(rollup["duration_ms_sum"] for rollup in rollups) == sum(n for n in range(80) if n % 4 != 2)
    outcomes = {
        outcome: metrics.counted("casare_metrics_events_total", subscription="metrics.facts", outcome=outcome)
        for outcome in ("applied", "duplicate", "too_late")
    }
    assert outcomes == {"applied": 80, "duplicate": 240, "too_late": 0}


async def test_error_types_are_counted_whatever_robots_call_them(metrics: Metrics) -> None:
    names = ["SELECTOR_NOT_FOUND", "a.b", "$set", "a.b", "", None]
    await metrics.publish(*(metrics.job_end(JobFailed, error_type=name) for name in names))
    await metrics.roll_up(len(names))
    found = (await metrics.read("/analytics"))["error_distribution"]
    assert found == {"SELECTOR_NOT_FOUND": 1, "a.b": 2, "$set": 1, "UNKNOWN": 2}
    assert list(found) == ["UNKNOWN", "a.b", "$set", "SELECTOR_NOT_FOUND"]


def malformed(event: CloudEvent) -> dict[str, CloudEvent]:
    """Broken in different places, by what is broken."""
    return {
        "no data": with_data(event, b"{}"),
        "wrong type": with_data(event, b'{"job_id": 5}'),
        "another job": with_data(event, b'{"job_id":"x","workflow_id":"w","workflow_name":"n","status":"s"}'),
    }


@pytest.mark.parametrize("what", ["no data", "wrong type", "another job"])
async def test_a_malformed_event_is_parked_and_changes_no_figure(metrics: Metrics, what: str) -> None:
    await metrics.publish(malformed(metrics.job_end())[what], metrics.job_end(job_id="good"))
    await metrics.roll_up(1)
    parked = await Collection(metrics.runtime.store, PARKED).find({"subscription": "metrics.facts"})
    assert [document["reason"].split(":")[0] for document in parked] == [MalformedEvent.__name__]
    (total,) = await rollups_of(metrics, "total")
    assert (total["completed"], total["_id"]) == (1, TOTAL_KEY.rollup_id)
    jobs = [event["data"].get("job_id") for event in (await metrics.read("/activity"))["events"]]
    assert "good" in jobs
    assert len(jobs) == (2 if what == "another job" else 1)


async def test_bytes_that_are_no_event_are_parked_for_both(metrics: Metrics) -> None:
    good = encode(metrics.job_end())
    for n, body in enumerate((b"", b"\xff\xfe", b"[]", good[:-2], good.replace(b'"data":{', b'"data":[{', 1))):
        assert await metrics.runtime.bus.publish([Message(f"m{n}", JobCompleted.TYPE, body)]) == [True]
    parked = await Collection(metrics.runtime.store, PARKED).find({})
    assert sorted(document["subscription"] for document in parked) == ["metrics.activity"] * 5 + ["metrics.facts"] * 5
    assert (await metrics.read("/activity"))["total"] == 0


async def test_an_event_from_before_memory_begins_is_not_counted(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.publish(
        metrics.job_end(finished_ms=now - 31 * DAY_MS), metrics.job_end(finished_ms=now - 29 * DAY_MS)
    )
    await metrics.roll_up(1)
    late = {"subscription": "metrics.facts", "outcome": "too_late"}
    assert metrics.counted("casare_metrics_events_total", **late) == 1
    (total,) = await rollups_of(metrics, "total")
    assert total["completed"] == 1


async def test_two_tenants_with_the_same_robot_id_have_their_own_days(metrics: Metrics) -> None:
    await metrics.publish(
        metrics.job_end(), metrics.job_end(JobFailed, tenant_id=FOREIGNER.tenant_id), metrics.job_end()
    )
    await metrics.roll_up(3)
    days = await rollups_of(metrics, "robot_day")
    assert {(day["tenant_id"], day["completed"], day["failed"]) for day in days} == {
        ("default", 2, 0),
        ("elsewhere", 0, 1),
    }
