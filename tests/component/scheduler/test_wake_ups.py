"""When the scheduler acts by itself: the alarm is punctual, the polling duty makes up for every lost wake-up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.scheduler.adapters.alarm import ApschedulerAlarm
from tests.component.scheduler.service import Scheduler, open_scheduler, store_workflow
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

HOUR_MS = 3_600_000
SOON_MS = 300


@asynccontextmanager
async def running_scheduler(
    store_url: str, database_name: str, clock: ManualClock, poll_seconds: float
) -> AsyncIterator[Scheduler]:
    async with (
        open_scheduler(store_url, database_name, clock, scheduler_poll_seconds=poll_seconds) as scheduler,
        scheduler.app.router.lifespan_context(scheduler.app),
    ):
        yield scheduler


async def test_a_new_schedule_is_fired_by_its_wake_up(store_url: str, database_name: str, clock: ManualClock) -> None:
    clock.advance(ms=HOUR_MS - SOON_MS)
    async with running_scheduler(store_url, database_name, clock, poll_seconds=60) as scheduler:
        await store_workflow(scheduler)
        await scheduler.create(cron_expression="0 * * * *")
        clock.advance(ms=SOON_MS)
        await eventually(scheduler.job_ids)


async def test_an_enabled_schedule_is_fired_by_its_wake_up(
    store_url: str, database_name: str, clock: ManualClock
) -> None:
    clock.advance(ms=HOUR_MS - SOON_MS)
    async with running_scheduler(store_url, database_name, clock, poll_seconds=60) as scheduler:
        await store_workflow(scheduler)
        schedule = await scheduler.create(cron_expression="0 * * * *", enabled=False)
        async with scheduler.client() as client:
            await client.put(f"/api/v1/schedules/{schedule['schedule_id']}/enable")
        clock.advance(ms=SOON_MS)
        await eventually(scheduler.job_ids)


async def test_a_schedule_made_by_another_replica_is_found_by_polling(
    scheduler: Scheduler, store_url: str, database_name: str, clock: ManualClock
) -> None:
    async with running_scheduler(store_url, database_name, clock, poll_seconds=0.05):
        await scheduler.create(cron_expression="0 * * * *")
        clock.advance(ms=HOUR_MS)
        await eventually(scheduler.job_ids)


async def test_what_became_due_during_a_downtime_is_fired_at_the_start(
    scheduler: Scheduler, store_url: str, database_name: str, clock: ManualClock
) -> None:
    await scheduler.create(cron_expression="0 * * * *")
    clock.advance(ms=5 * HOUR_MS)
    async with running_scheduler(store_url, database_name, clock, poll_seconds=60):
        assert len(await eventually(scheduler.job_ids)) == 1


async def test_fired_schedules_are_counted(store_url: str, database_name: str, clock: ManualClock) -> None:
    async with running_scheduler(store_url, database_name, clock, poll_seconds=0.05) as scheduler:
        await store_workflow(scheduler)
        await scheduler.create(cron_expression="0 * * * *")
        clock.advance(ms=HOUR_MS)
        await eventually(scheduler.job_ids)

        async def counted() -> bool:
            async with scheduler.client_as(None) as client:
                return 'casare_schedule_due_times_total{outcome="fired"} 1.0' in (await client.get("/metrics")).text

        await eventually(counted)


class Bell:
    """Counts its rings."""

    def __init__(self) -> None:
        self.n_rings = 0
        self.rang = asyncio.Event()

    async def __call__(self) -> None:
        self.n_rings += 1
        self.rang.set()


@pytest.fixture
async def alarm(clock: ManualClock) -> AsyncIterator[ApschedulerAlarm]:
    alarm = ApschedulerAlarm(clock)
    yield alarm
    alarm.stop()


async def test_the_alarm_rings_for_the_earliest_request(alarm: ApschedulerAlarm, clock: ManualClock) -> None:
    bell = Bell()
    alarm.start(bell)
    alarm.no_later_than(clock.now_ms() + 10 * HOUR_MS)
    alarm.no_later_than(clock.now_ms() + 20)
    alarm.no_later_than(clock.now_ms() + 5 * HOUR_MS)
    async with asyncio.timeout(5):
        await bell.rang.wait()
    assert bell.n_rings == 1


async def test_the_alarm_keeps_what_was_asked_before_it_started(alarm: ApschedulerAlarm, clock: ManualClock) -> None:
    bell = Bell()
    alarm.no_later_than(clock.now_ms())
    alarm.start(bell)
    async with asyncio.timeout(5):
        await bell.rang.wait()


async def test_the_alarm_survives_a_ring_that_fails(alarm: ApschedulerAlarm, clock: ManualClock) -> None:
    bell = Bell()

    async def fail_first() -> None:
        await bell()
        if bell.n_rings == 1:
            alarm.no_later_than(clock.now_ms())
            raise RuntimeError("the store is away")

    alarm.start(fail_first)
    alarm.no_later_than(clock.now_ms())
    await eventually(lambda: bell.n_rings == 2)


async def test_a_request_for_nothing_asks_for_nothing(alarm: ApschedulerAlarm, clock: ManualClock) -> None:
    bell = Bell()
    alarm.start(bell)
    alarm.no_later_than(None)
    alarm.no_later_than(clock.now_ms())
    async with asyncio.timeout(5):
        await bell.rang.wait()
    assert bell.n_rings == 1
