"""Exactly one job per due time, with several replicas and with replicas that die (clarifications 18)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.scheduler.adapters.schedule_store import MongoSchedules
from services.scheduler.domain.schedule import Schedule
from shared.events import EventData
from shared.events.scheduler import ScheduleFired
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


class DiesBeforeTheSchedule(MongoSchedules):
    """The process ends when it would move a schedule on: after the job, before the schedule."""

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        raise KilledError


class DiesAfterTheSchedule(MongoSchedules):
    """The process ends when it has moved a schedule on, before it goes on to what is due next."""

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        await super().save(before, after, event)
        raise KilledError


@pytest.mark.parametrize("kind", [DiesBeforeTheSchedule, DiesAfterTheSchedule])
async def test_a_replica_killed_around_the_due_time_leaves_one_job_that_counts_once(
    scheduler: Scheduler, kind: type[MongoSchedules]
) -> None:
    schedule = await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    assert (await scheduler.replica_with(kind)()).n_broken == 1
    [first] = await scheduler.documents("jobs")
    scheduler.clock.advance(seconds=5)
    await scheduler.parts.fire_due()
    [second] = await scheduler.documents("jobs")
    assert (second["_id"], second["created_ms"]) == (first["_id"], first["created_ms"])
    stored = await scheduler.schedule(schedule["schedule_id"])
    assert (stored["run_count"], stored["last_job_id"]) == (1, first["_id"])


async def test_a_job_that_ran_already_is_not_run_again_after_the_kill(scheduler: Scheduler) -> None:
    await scheduler.create()
    scheduler.clock.advance(seconds=HOUR_SECONDS)
    await scheduler.replica_with(DiesBeforeTheSchedule)()
    await scheduler.runtime.store.collection("jobs").update_many({}, {"$set": {"status": "completed"}})
    await scheduler.parts.fire_due()
    [job] = await scheduler.documents("jobs")
    assert job["status"] == "completed"


async def test_a_replica_killed_while_making_up_for_a_downtime_is_continued(scheduler: Scheduler) -> None:
    schedule = await scheduler.create(misfire_policy="fire_all")
    scheduler.clock.advance(seconds=4 * HOUR_SECONDS)
    await scheduler.replica_with(DiesBeforeTheSchedule)()
    await scheduler.replica_with(DiesAfterTheSchedule)()
    assert len(await scheduler.job_ids()) == 1
    await scheduler.parts.fire_due()
    assert len(await scheduler.job_ids()) == 4
    assert (await scheduler.schedule(schedule["schedule_id"]))["run_count"] == 4


async def test_two_replicas_firing_at_once_obey_the_overlap_policy(scheduler: Scheduler, replica: Scheduler) -> None:
    schedule = await scheduler.create(overlap_policy="skip")
    for _ in range(5):
        scheduler.clock.advance(seconds=HOUR_SECONDS)
        await asyncio.gather(*(fire_due() for fire_due in (scheduler.parts.fire_due, replica.parts.fire_due) * 2))
    assert len(await scheduler.job_ids()) == 1
    assert (await scheduler.schedule(schedule["schedule_id"]))["run_count"] == 1


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
    assert len(await scheduler.job_ids()) == stored["run_count"] <= 1


class Interrupted(MongoSchedules):
    """After the job of the first due time was made, and before that is noted, a user calls `paths` of the schedule."""

    client: httpx.AsyncClient
    paths: tuple[str, ...]

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        if isinstance(event, ScheduleFired) and before.version == 1:
            for path in self.paths:
                response = await self.client.put(f"/api/v1/schedules/{before.schedule_id}{path}")
                assert response.status_code == 200
        return await super().save(before, after, event)


async def fire_interrupted(scheduler: Scheduler, *paths: str, **fields: Any) -> dict[str, Any]:
    """The schedule after it made up for 13, 14 and 15 o'clock, while a user called `paths`."""
    schedule = await scheduler.create(misfire_policy="fire_all", **fields)
    scheduler.clock.advance(seconds=3 * HOUR_SECONDS)
    async with scheduler.client() as client:
        kind = type("InterruptedHere", (Interrupted,), {"client": client, "paths": paths})
        await scheduler.replica_with(kind)()
        answer: dict[str, Any] = (await client.get(f"/api/v1/schedules/{schedule['schedule_id']}")).json()
    return answer


async def test_a_run_counts_even_if_its_schedule_is_disabled_in_that_instant(scheduler: Scheduler) -> None:
    schedule = await fire_interrupted(scheduler, "/disable")
    assert len(await scheduler.job_ids()) == schedule["run_count"] == 1
    assert (schedule["enabled"], schedule["next_run"]) == (False, None)
    assert schedule["last_run"] == "2026-01-01T15:00:00Z"
    await scheduler.event("schedule.fired")


async def test_a_schedule_that_is_disabled_and_enabled_meanwhile_keeps_its_new_next_run(scheduler: Scheduler) -> None:
    schedule = await fire_interrupted(scheduler, "/disable", "/enable")
    assert len(await scheduler.job_ids()) == schedule["run_count"] == 1
    assert (schedule["enabled"], schedule["next_run"]) == (True, "2026-01-01T16:00:00Z")


async def test_a_schedule_that_is_triggered_while_it_fires_goes_on_with_what_is_due(scheduler: Scheduler) -> None:
    schedule = await fire_interrupted(scheduler, "/trigger")
    assert len(await scheduler.job_ids()) == schedule["run_count"] == 4
    assert schedule["next_run"] == "2026-01-01T16:00:00Z"
