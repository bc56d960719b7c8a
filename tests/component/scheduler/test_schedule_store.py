"""The schedule store on every engine."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from services.scheduler.adapters.schedule_store import MongoSchedules
from services.scheduler.domain.misfire import MisfirePolicy
from services.scheduler.domain.schedule import OverlapPolicy, Schedule
from shared.events.scheduler import ScheduleCreated, ScheduleFired
from shared.jobs import ExecutionMode
from tests.component.scheduler.service import Scheduler, open_scheduler
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

CREATED = ScheduleCreated(schedule_id="s1", schedule_name="n", workflow_id="w1")


def make(schedule_id: str = "s1", *, next_run_ms: int | None = 1_000, tenant_id: str = "default") -> Schedule:
    return Schedule(
        schedule_id=schedule_id,
        tenant_id=tenant_id,
        version=1,
        workflow_id="w1",
        workflow_name="W",
        name="n",
        cron="* * * * *",
        timezone="UTC",
        enabled=next_run_ms is not None,
        priority=10,
        execution_mode=ExecutionMode.LAN,
        misfire_policy=MisfirePolicy.FIRE_ONCE,
        overlap_policy=OverlapPolicy.ALLOW,
        next_run_ms=next_run_ms,
        created_ms=500,
        created_by="u1",
        updated_ms=500,
    )


@pytest.fixture
async def replica(each_store_url: str, database_name: str) -> AsyncIterator[Scheduler]:
    async with open_scheduler(each_store_url, database_name, ManualClock()) as opened:
        yield opened


@pytest.fixture
def store(replica: Scheduler) -> MongoSchedules:
    return replica.parts.schedules


async def test_a_schedule_is_read_as_it_was_stored(store: MongoSchedules) -> None:
    assert await store.insert(make(), CREATED)
    assert await store.get("default", "s1") == make()


async def test_an_id_is_stored_once(store: MongoSchedules) -> None:
    outcomes = await asyncio.gather(*(store.insert(make(), CREATED) for _ in range(5)))
    assert sorted(outcomes) == [False, False, False, False, True]


async def test_another_tenant_reads_nothing(store: MongoSchedules) -> None:
    await store.insert(make(), CREATED)
    assert await store.get("rival", "s1") is None
    assert await store.find("rival", workflow_id=None, enabled=None, limit=10) == []
    assert await store.upcoming("rival", workflow_id=None, limit=10) == []


@pytest.mark.parametrize("with_event", [True, False])
async def test_of_many_changes_to_one_version_exactly_one_is_saved(store: MongoSchedules, with_event: bool) -> None:
    await store.insert(make(), CREATED)
    before = make()
    event = ScheduleFired(schedule_id="s1", schedule_name="n", workflow_id="w1") if with_event else None
    afters = [before.fire(1_000, f"job-{n}", 2_000, 1_001 + n) for n in range(10)]
    outcomes = await asyncio.gather(*(store.save(before, after, event) for after in afters))
    assert outcomes.count(True) == 1
    assert await store.get("default", "s1") == afters[outcomes.index(True)]


async def test_a_stale_change_is_not_saved(store: MongoSchedules) -> None:
    await store.insert(make(), CREATED)
    assert await store.save(make(), make().disable(600), None)
    assert not await store.save(make(), make().fire(1_000, "job", 2_000, 700), None)
    stored = await store.get("default", "s1")
    assert stored is not None
    assert (stored.enabled, stored.next_run_ms, stored.run_count) == (False, None, 0)


async def test_due_schedules_come_longest_overdue_first_and_without_disabled_ones(store: MongoSchedules) -> None:
    for schedule_id, next_run_ms in (("late", 10), ("now", 1_000), ("later", 1_001), ("off", None)):
        await store.insert(make(schedule_id, next_run_ms=next_run_ms), CREATED)
    assert [schedule.schedule_id for schedule in await store.due(1_000, 10)] == ["late", "now"]
    assert [schedule.schedule_id for schedule in await store.due(1_000, 1)] == ["late"]


async def test_the_next_due_time_is_that_of_any_tenant(store: MongoSchedules) -> None:
    assert await store.next_due_ms(0) is None
    for schedule_id, next_run_ms, tenant_id in (("a", 3_000, "t1"), ("b", 2_000, "t2"), ("c", None, "t1")):
        await store.insert(make(schedule_id, next_run_ms=next_run_ms, tenant_id=tenant_id), CREATED)
    assert await store.next_due_ms(1_000) == 2_000
    assert await store.next_due_ms(2_000) == 3_000
    assert await store.next_due_ms(3_000) is None


async def test_lists_are_filtered_and_ordered(store: MongoSchedules) -> None:
    for position, (schedule_id, next_run_ms) in enumerate((("z", 30), ("m", None), ("a", 10))):
        schedule = msgspec.structs.replace(make(schedule_id, next_run_ms=next_run_ms), created_ms=position)
        await store.insert(schedule, CREATED)

    async def found(*, enabled: bool | None, workflow_id: str | None = None) -> list[str]:
        schedules = await store.find("default", workflow_id=workflow_id, enabled=enabled, limit=10)
        return [schedule.schedule_id for schedule in schedules]

    assert await found(enabled=None) == ["z", "m", "a"]
    assert await found(enabled=True) == ["z", "a"]
    assert await found(enabled=False) == ["m"]
    assert await found(enabled=None, workflow_id="other") == []
    upcoming = await store.upcoming("default", workflow_id="w1", limit=10)
    assert [schedule.schedule_id for schedule in upcoming] == ["a", "z"]


async def test_a_list_holds_its_tenants_schedules_whatever_the_names_of_others(store: MongoSchedules) -> None:
    for position, tenant_id in enumerate(("acme", "acme|", "acm", "acme~", "acme%7C")):
        await store.insert(make(f"s{position}", tenant_id=tenant_id), CREATED)
    for found in (
        await store.find("acme", workflow_id=None, enabled=None, limit=10),
        await store.upcoming("acme", workflow_id=None, limit=10),
    ):
        assert [schedule.schedule_id for schedule in found] == ["s0"]


async def test_a_deleted_schedule_is_read_no_more_and_removed_in_time(store: MongoSchedules) -> None:
    await store.insert(make(), CREATED)
    await store.insert(make("kept"), CREATED)
    assert await store.save(make(), make().delete(700), None)
    assert await store.get("default", "s1") is None
    for found in (
        await store.find("default", workflow_id=None, enabled=None, limit=10),
        await store.upcoming("default", workflow_id=None, limit=10),
        await store.due(2_000, 10),
    ):
        assert [schedule.schedule_id for schedule in found] == ["kept"]

    async def removed() -> bool:
        return await store.remove_deleted(700) == 1

    assert await store.remove_deleted(699) == 0
    await eventually(removed, because="its creation is published first")
    assert not await store.save(make(), make().enable(1_000, 800), None)
    assert await store.get("default", "kept") is not None
