"""What one replica does when schedules are due (clarifications 17 and 18)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.scheduler.domain.misfire import MAX_RUNS_AT_ONCE
from shared.events.scheduler import ScheduleDisabled
from shared.kernel.clock import to_ms
from shared.storage import Document
from tests.component.scheduler.service import WORKFLOW_ID, Scheduler, open_scheduler, store_workflow
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

HOUR_SECONDS = 3600


def job_id(schedule: dict[str, Any], *moment: int) -> str:
    """The id of the job that `schedule` makes for the due time (year, month, day, hour, minute) in UTC."""
    return f"sched_{schedule['schedule_id']}_{to_ms(datetime(*moment, tzinfo=UTC)) // 1000}"  # type: ignore[misc,arg-type]  # no tzinfo among the numbers


async def finish(scheduler: Scheduler, finished_id: str) -> None:
    """The dispatcher's part: the job ends."""
    await scheduler.runtime.store.collection("jobs").update_one({"_id": finished_id}, {"$set": {"status": "completed"}})


async def test_nothing_runs_before_it_is_due(scheduler: Scheduler) -> None:
    await scheduler.create(cron_expression="0 * * * *")
    scheduler.clock.advance(ms=HOUR_SECONDS * 1000 - 1)
    await scheduler.parts.fire_due()
    assert await scheduler.documents("jobs") == []


async def test_a_due_schedule_submits_the_workflows_current_version(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(priority=3, execution_mode="internet")
    await scheduler.runtime.store.collection("workflows").update_one(
        {"_id": WORKFLOW_ID},
        {"$set": {"current_version": 2, "versions.2": {"definition_id": "d2"}, "name": "Renamed"}},
    )
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    [job] = await scheduler.documents("jobs")
    assert job["_id"] == job_id(schedule, 2026, 1, 1, 13, 0)
    assert len(job["_id"]) <= 64
    assert (job["tenant_id"], job["status"], job["trigger"]) == ("default", "pending", "schedule")
    assert (job["workflow_id"], job["workflow_version"], job["definition_id"]) == (WORKFLOW_ID, 2, "d2")
    assert (job["workflow_name"], job["priority"], job["variables_json"]) == ("Renamed", 3, "{}")
    assert job["requirements"]["execution_mode"] == "internet"
    assert job["requirements"]["environment"] == "default"
    assert job["queue_position"] is not None


async def test_a_fired_schedule_shows_its_run_and_the_next_one(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS + 2)
    await scheduler.parts.fire_due()
    async with scheduler.client() as client:
        answer = (await client.get(f"/api/v1/schedules/{schedule['schedule_id']}")).json()
    assert answer == {
        **schedule,
        "next_run": "2026-01-01T14:00:00Z",
        "last_run": "2026-01-01T13:00:02Z",
        "run_count": 1,
        "updated_at": "2026-01-01T13:00:02Z",
    }


async def test_a_firing_is_announced_once_with_its_job(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    await scheduler.parts.fire_due()
    await eventually(lambda: len(scheduler.events) == 3)
    fired = next(event for event in scheduler.events if event.type == "schedule.fired")
    submitted = next(event for event in scheduler.events if event.type == "job.submitted")
    assert submitted.subject == job_id(schedule, 2026, 1, 1, 13, 0)
    assert fired.subject == schedule["schedule_id"]
    assert fired.aggregateversion == 2


async def test_each_due_time_makes_one_job(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    for _ in range(3):
        scheduler.clock.advance(seconds=HOUR_SECONDS)
        await scheduler.parts.fire_due()
        await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [job_id(schedule, 2026, 1, 1, hour, 0) for hour in (13, 14, 15)]


async def test_a_disabled_schedule_does_not_fire(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    async with scheduler.client() as client:
        await client.put(f"/api/v1/schedules/{schedule['schedule_id']}/disable")
    scheduler.clock.advance(seconds=5 * HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.documents("jobs") == []


async def test_what_was_due_while_disabled_stays_undone(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(misfire_policy="fire_all")
    async with scheduler.client() as client:
        await client.put(f"/api/v1/schedules/{schedule['schedule_id']}/disable")
        scheduler.clock.advance(seconds=5 * HOUR_SECONDS)
        await client.put(f"/api/v1/schedules/{schedule['schedule_id']}/enable")
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [job_id(schedule, 2026, 1, 1, 18, 0)]


@pytest.mark.parametrize(("policy", "hours"), [("fire_once", [15]), ("skip", []), ("fire_all", [13, 14, 15])])
async def test_after_a_downtime_the_misfire_policy_decides(scheduler: Scheduler, policy: str, hours: list[int]) -> None:
    schedule = await scheduler.create(misfire_policy=policy)
    scheduler.clock.advance(seconds=3.5 * HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [job_id(schedule, 2026, 1, 1, hour, 0) for hour in hours]
    stored = await scheduler.schedule(schedule["schedule_id"])
    assert stored["run_count"] == len(hours)
    assert stored["next_run_ms"] == to_ms(datetime(2026, 1, 1, 16, tzinfo=UTC))


async def test_fire_all_makes_up_for_a_hundred_due_times_and_drops_older_ones(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(cron_expression="* * * * *", misfire_policy="fire_all")
    scheduler.clock.advance(seconds=3 * HOUR_SECONDS)
    await scheduler.parts.fire_due()
    jobs = await scheduler.job_ids()
    assert len(jobs) == MAX_RUNS_AT_ONCE == 100
    assert (jobs[0], jobs[-1]) == (job_id(schedule, 2026, 1, 1, 13, 21), job_id(schedule, 2026, 1, 1, 15, 0))
    assert (await scheduler.schedule(schedule["schedule_id"]))["run_count"] == 100


async def test_a_due_time_is_not_missed_within_the_grace_period(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(misfire_policy="skip")
    scheduler.clock.advance(seconds=HOUR_SECONDS + 60)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [job_id(schedule, 2026, 1, 1, 13, 0)]


async def test_an_overlapping_run_is_skipped_until_the_earlier_one_ends(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(overlap_policy="skip")
    for _ in range(3):
        scheduler.clock.advance(seconds=HOUR_SECONDS)
        await scheduler.parts.fire_due()
    first = job_id(schedule, 2026, 1, 1, 13, 0)
    assert await scheduler.job_ids() == [first]
    await finish(scheduler, first)
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [first, job_id(schedule, 2026, 1, 1, 16, 0)]
    assert (await scheduler.schedule(schedule["schedule_id"]))["run_count"] == 2


async def test_a_run_asked_for_by_hand_counts_as_overlapping_until_it_ends(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(overlap_policy="skip")
    async with scheduler.client() as client:
        answer = (await client.put(f"/api/v1/schedules/{schedule['schedule_id']}/trigger")).json()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [answer["job_id"]]
    await finish(scheduler, answer["job_id"])
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [answer["job_id"], job_id(schedule, 2026, 1, 1, 14, 0)]


async def test_a_job_made_while_another_replica_skipped_its_due_time_counts_as_overlapping(
    scheduler: Scheduler,
) -> None:
    schedule = await scheduler.create(overlap_policy="skip")
    stored = scheduler.runtime.store.collection("schedules")
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    await stored.update_one({"_id": schedule["schedule_id"]}, {"$set": {"last_job_id": None}})
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.job_ids() == [job_id(schedule, 2026, 1, 1, 13, 0)]


async def remove(scheduler: Scheduler, workflow_id: str) -> None:
    """The workflow is gone without a trace."""
    await scheduler.runtime.store.collection("workflows").delete_one({"_id": workflow_id})


async def mark_deleted(scheduler: Scheduler, workflow_id: str) -> None:
    """The workflow is deleted, and what is left says so."""
    change = {"$set": {"deleted_ms": 1}, "$unset": {"versions": ""}}
    await scheduler.runtime.store.collection("workflows").update_one({"_id": workflow_id}, change)


@pytest.mark.parametrize("delete_workflow", [remove, mark_deleted])
async def test_a_deleted_workflow_counts_as_one_failure_and_disables_its_schedule(
    scheduler: Scheduler, delete_workflow: Callable[[Scheduler, str], Awaitable[None]]
) -> None:
    schedule = await scheduler.create()
    await delete_workflow(scheduler, WORKFLOW_ID)
    for _ in range(2):
        scheduler.clock.advance(seconds=HOUR_SECONDS)
        await scheduler.parts.fire_due()
    async with scheduler.client() as client:
        answer = (await client.get(f"/api/v1/schedules/{schedule['schedule_id']}")).json()
    assert answer == {
        **schedule,
        "enabled": False,
        "next_run": None,
        "failure_count": 1,
        "updated_at": "2026-01-01T13:00:00Z",
    }
    assert await scheduler.documents("jobs") == []
    event = await scheduler.event("schedule.disabled")
    assert event.data_as(ScheduleDisabled).reason == "its workflow is deleted"


async def test_a_rule_that_is_no_longer_valid_disables_its_schedule(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    await scheduler.runtime.store.collection("schedules").update_one(
        {"_id": schedule["schedule_id"]}, {"$set": {"timezone": "Europe/Atlantis"}}
    )
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()
    stored = await scheduler.schedule(schedule["schedule_id"])
    assert not stored["enabled"]
    assert stored["next_run_ms"] is None
    assert stored["failure_count"] == 1
    event = await scheduler.event("schedule.disabled")
    assert "Europe/Atlantis" in event.data_as(ScheduleDisabled).reason


async def test_a_broken_schedule_does_not_keep_others_from_firing(scheduler: Scheduler) -> None:
    broken = await scheduler.create()
    sound = await scheduler.create()
    await scheduler.runtime.store.collection("workflows").insert_one(
        {"_id": "broken", "tenant_id": "default", "name": "x", "current_version": 7, "versions": {}}
    )
    await scheduler.runtime.store.collection("schedules").update_one(
        {"_id": broken["schedule_id"]}, {"$set": {"workflow_id": "broken"}}
    )
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    done = await scheduler.parts.fire_due()
    assert done.n_broken == 1
    assert await scheduler.job_ids() == [job_id(sound, 2026, 1, 1, 13, 0)]


async def test_a_time_skipped_by_daylight_saving_fires_at_the_next_valid_minute(
    store_url: str, database_name: str
) -> None:
    clock = ManualClock(to_ms(datetime(2026, 3, 28, 12, tzinfo=UTC)))
    async with open_scheduler(store_url, database_name, clock) as scheduler:
        await store_workflow(scheduler)
        schedule = await scheduler.create(cron_expression="30 2 * * *", timezone="Europe/Berlin")
        assert schedule["next_run"] == "2026-03-29T01:00:00Z"
        clock.advance(seconds=13 * HOUR_SECONDS)
        await scheduler.parts.fire_due()
        assert await scheduler.job_ids() == [job_id(schedule, 2026, 3, 29, 1, 0)]


async def test_a_time_that_occurs_twice_fires_once(store_url: str, database_name: str) -> None:
    clock = ManualClock(to_ms(datetime(2026, 10, 24, 12, tzinfo=UTC)))
    async with open_scheduler(store_url, database_name, clock) as scheduler:
        await store_workflow(scheduler)
        schedule = await scheduler.create(cron_expression="30 2 * * *", timezone="Europe/Berlin")
        for _ in range(24):
            clock.advance(seconds=HOUR_SECONDS)
            await scheduler.parts.fire_due()
        assert await scheduler.job_ids() == [job_id(schedule, 2026, 10, 25, 0, 30)]


async def test_more_schedules_than_one_batch_all_fire(store_url: str, database_name: str, clock: ManualClock) -> None:
    async with open_scheduler(store_url, database_name, clock, scheduler_batch=7) as scheduler:
        await store_workflow(scheduler)
        made = [await scheduler.create() for _ in range(30)]
        clock.advance(seconds=HOUR_SECONDS)
        await scheduler.parts.fire_due()
        assert await scheduler.job_ids() == sorted(job_id(schedule, 2026, 1, 1, 13, 0) for schedule in made)


async def test_schedules_of_all_tenants_fire_each_in_its_own(scheduler: Scheduler) -> None:
    other_workflow = "660e8400-e29b-41d4-a716-446655440001"
    await store_workflow(scheduler, other_workflow, tenant_id="rival")
    await scheduler.create()
    async with scheduler.client(tenant_id="rival") as client:
        request = {"workflow_id": other_workflow, "schedule_name": "theirs", "cron_expression": "0 * * * *"}
        assert (await client.post("/api/v1/schedules", json=request)).status_code == 200
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.parts.fire_due()

    def owner(job: Document) -> tuple[str, str]:
        return job["tenant_id"], job["workflow_id"]

    assert sorted(map(owner, await scheduler.documents("jobs"))) == [
        ("default", WORKFLOW_ID),
        ("rival", other_workflow),
    ]
