"""Exactly one job per due time, with several replicas and with replicas that die (clarifications 18)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.scheduler.adapters.job_reader import MongoJobReader
from services.scheduler.adapters.schedule_store import MongoSchedules
from services.scheduler.adapters.workflow_reader import MongoWorkflowReader
from services.scheduler.domain.schedule import Schedule
from services.scheduler.use_cases.fire_due_schedules import FireDueSchedules
from services.scheduler.use_cases.fire_schedule import FireSchedule
from shared.events import EventData
from shared.jobs import JobSubmitter
from shared.storage import Collection
from tests.component.scheduler.service import Scheduler, open_scheduler
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

HOUR_SECONDS = 3600
N_SCHEDULES = 20
N_DUE_TIMES = 10


@pytest.fixture
async def replica(
    scheduler: Scheduler, store_url: str, database_name: str, clock: ManualClock
) -> AsyncIterator[Scheduler]:
    """A second replica on the same database, with connections of its own."""
    async with open_scheduler(store_url, database_name, clock) as opened:
        yield opened


async def test_two_replicas_firing_at_once_make_one_job_per_due_time(scheduler: Scheduler, replica: Scheduler) -> None:
    schedules = [await scheduler.create() for _ in range(N_SCHEDULES)]
    for _ in range(N_DUE_TIMES):
        scheduler.clock.advance(seconds=HOUR_SECONDS)
        passes = (scheduler.parts.fire_due, replica.parts.fire_due)
        await asyncio.gather(*(fire_due() for fire_due in passes * 3))
    jobs = await scheduler.job_ids()
    assert len(jobs) == N_SCHEDULES * N_DUE_TIMES
    for schedule in schedules:
        stored = await scheduler.schedule(schedule["schedule_id"])
        assert stored["run_count"] == N_DUE_TIMES
        assert sum(job.startswith(f"sched_{schedule['schedule_id']}_") for job in jobs) == N_DUE_TIMES


async def test_two_replicas_announce_each_firing_once(scheduler: Scheduler, replica: Scheduler) -> None:
    await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await asyncio.gather(scheduler.parts.fire_due(), replica.parts.fire_due())

    def announced() -> list[str]:
        types = {event.id: event.type for event in scheduler.events + replica.events}
        return sorted(types.values())

    await eventually(lambda: len(announced()) == 3)
    assert announced() == ["job.submitted", "schedule.created", "schedule.fired"]


class KilledError(Exception):
    """Stands for the end of the process."""


class DyingSchedules(MongoSchedules):
    """The process ends when it would move a schedule on: after the job, before the schedule."""

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        raise KilledError


def dying_replica(scheduler: Scheduler) -> FireDueSchedules:
    """A replica that always dies between its two writes."""
    runtime = scheduler.runtime
    schedules = DyingSchedules(runtime.store, runtime.relay, runtime.new_id)
    jobs = Collection(runtime.store, "jobs")
    fire = FireSchedule(
        schedules,
        MongoWorkflowReader(runtime.store),
        JobSubmitter(jobs, runtime.relay, runtime.clock, runtime.new_id),
        MongoJobReader(jobs),
        runtime.clock,
        grace_ms=60_000,
    )
    return FireDueSchedules(schedules, fire, runtime.clock, batch=100)


async def test_a_replica_killed_between_job_and_schedule_leaves_one_job(scheduler: Scheduler) -> None:
    schedule = await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    assert (await dying_replica(scheduler)()).n_broken == 1
    [first] = await scheduler.documents("jobs")
    assert (await scheduler.schedule(schedule["schedule_id"]))["run_count"] == 0
    scheduler.clock.advance(seconds=5)
    await scheduler.parts.fire_due()
    [second] = await scheduler.documents("jobs")
    assert (second["_id"], second["created_ms"]) == (first["_id"], first["created_ms"])
    stored = await scheduler.schedule(schedule["schedule_id"])
    assert (stored["run_count"], stored["last_job_id"]) == (1, first["_id"])


async def test_a_job_that_ran_already_is_not_run_again_after_the_kill(scheduler: Scheduler) -> None:
    await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await dying_replica(scheduler)()
    await scheduler.runtime.store.collection("jobs").update_many({}, {"$set": {"status": "completed"}})
    await scheduler.parts.fire_due()
    [job] = await scheduler.documents("jobs")
    assert job["status"] == "completed"


async def test_a_replica_killed_while_making_up_for_a_downtime_is_continued(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(misfire_policy="fire_all")
    scheduler.clock.advance(seconds=4 * HOUR_SECONDS)
    await dying_replica(scheduler)()
    assert len(await scheduler.job_ids()) == 1
    await scheduler.parts.fire_due()
    assert len(await scheduler.job_ids()) == 4
    assert (await scheduler.schedule(schedule["schedule_id"]))["run_count"] == 4


async def test_switching_while_it_fires_loses_neither(scheduler: Scheduler, replica: Scheduler) -> None:
    schedule = await scheduler.create()
    path = f"/api/v1/schedules/{schedule['schedule_id']}/disable"
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    async with scheduler.client() as client:
        _, response = await asyncio.gather(replica.parts.fire_due(), client.put(path))
    assert response.status_code == 200
    stored = await scheduler.schedule(schedule["schedule_id"])
    assert not stored["enabled"]
    assert stored["next_run_ms"] is None
    assert len(await scheduler.job_ids()) <= 1
