"""The stores behave alike on every engine."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.dispatcher.domain.robot import to_document as robot_to_document
from services.metrics.adapters.activity_store import ACTIVITY, ACTIVITY_INDEXES, MongoActivity
from services.metrics.adapters.by_moment import PAGE
from services.metrics.adapters.fact_store import JOB_FACT_INDEXES, JOB_FACTS, MongoFacts
from services.metrics.adapters.finished_jobs import MongoFinishedJobs
from services.metrics.adapters.fleet_reader import MongoFleet
from services.metrics.adapters.job_counter import MongoJobCounter
from services.metrics.adapters.rebuild_store import REBUILDS, MongoRebuilds
from services.metrics.adapters.rollup_store import ROLLUP_INDEXES, ROLLUPS, MongoRollups
from services.metrics.adapters.tenant_sequences import TenantSequences
from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.facts import JobFact, fact_of_job
from services.metrics.domain.fleet import JobCounts
from services.metrics.domain.rebuild import Rebuild, RebuildState
from services.metrics.domain.rollup_keys import DAY_MS, TOTAL_KEY, day_of, robot_day_key, tenant_day_key
from services.metrics.domain.rollups import empty_rollup
from services.metrics.domain.sequence import Numbers
from services.metrics.ports import ActivityQuery
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from shared.events.metrics import MetricsRebuildRequested
from shared.jobs import JOB_INDEXES, JOBS, JobStatus
from shared.jobs.fleet import ROBOTS
from shared.jobs.history import JobHistory, JobQuery
from shared.jobs.job import to_document as job_to_document
from shared.kernel.ids import new_id
from shared.messaging.in_process import InProcessBus
from shared.messaging.outbox import OutboxRelay
from shared.messaging.parking import ParkingLot
from shared.storage import Store, connect
from tests.component.metrics.replicas import all_of
from tests.component.metrics.running_metrics import job_of, robot_of
from tests.support.clock import ManualClock

NOON_MS = ManualClock().now_ms()


@pytest.fixture
async def store(each_store_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(each_store_url, database_name) as connected:
        await connected.ensure_indexes(ACTIVITY, ACTIVITY_INDEXES)
        await connected.ensure_indexes(JOB_FACTS, JOB_FACT_INDEXES)
        await connected.ensure_indexes(ROLLUPS, ROLLUP_INDEXES)
        await connected.ensure_indexes(JOBS, JOB_INDEXES)
        yield connected


def entry(event_id: str, at_ms: int, *, tenant_id: str = "t", event_type: str = "x") -> ActivityEntry:
    return ActivityEntry(event_id, tenant_id, event_type, at_ms, '{"a.$b": 1}')


def fact(job_id: str, **values: object) -> JobFact:
    base = JobFact(
        job_id=job_id, tenant_id="t", workflow_id="w", workflow_name="n", environment="default", robot_id="r",
        status=JobStatus.FAILED, finished_ms=NOON_MS, duration_ms=5, error_type="A.$b",
    )  # fmt: skip
    return msgspec.structs.replace(base, **values)


async def test_activity(store: Store) -> None:
    activity = MongoActivity(store, ManualClock())
    kept = [entry("c", 3), entry("a", 1), entry("b", 2, event_type="y"), entry("z", 2, tenant_id="t|x")]
    assert [await activity.add(one) for one in kept] == [True] * 4
    assert not await activity.add(entry("a", 9))
    query = ActivityQuery("t", 2)
    assert [(e.event_id, e.at_ms, e.data_json) for e in await activity.newest(query)] == [
        ("c", 3, '{"a.$b": 1}'),
        ("b", 2, '{"a.$b": 1}'),
    ]
    assert await activity.count(query) == 3
    narrow = ActivityQuery("t", 10, since_ms=1, event_type="x")
    assert ([e.event_id for e in await activity.newest(narrow)], await activity.count(narrow)) == (["c"], 1)
    assert await activity.remove_before(3) == 3
    assert [e.event_id for e in await activity.newest(query)] == ["c"]


async def test_facts(store: Store) -> None:
    facts = MongoFacts(store)
    assert [await facts.add(fact(job_id)) for job_id in ("a", "b", "a")] == [True, True, False]
    assert sorted(one.job_id for one in await facts.pending(10)) == ["a", "b"]
    assert await facts.pending(10) == [fact(one.job_id) for one in await facts.pending(10)]
    assert len(await facts.pending(1)) == 1
    await facts.mark_rolled(["a"], NOON_MS)
    assert await facts.still_pending(["a", "b", "c"]) == {"b"}
    assert [one.job_id for one in await facts.pending(10)] == ["b"]
    assert (await facts.remove_rolled_before(NOON_MS), await facts.remove_rolled_before(NOON_MS + 1)) == (0, 1)


async def test_rollups(store: Store) -> None:
    rollups, key = MongoRollups(store), tenant_day_key("t", NOON_MS)
    empty = (await rollups.read([key]))[key]
    first, rival = (empty.plus([fact(j)], unsettled={j}, write_id=new_id()) for j in ("a", "b"))
    assert first is not None
    assert rival is not None
    assert (await rollups.save(first), await rollups.save(rival)) == (True, False)
    assert (await rollups.read([key, TOTAL_KEY]))[key] == first
    second, stale = (first.plus([fact(j)], unsettled={"a", j}, write_id=new_id()) for j in ("b", "c"))
    assert second is not None
    assert stale is not None
    assert (await rollups.save(second), await rollups.save(stale)) == (True, False)
    stored = (await rollups.read([key]))[key]
    assert (stored.failed, stored.applied, stored.duration_ms_sum) == (2, ("a", "b"), 10)
    assert (stored.errors_json, stored.workflows_json) == ('{"A.$b":2}', f'{{"w":[2,10,{NOON_MS},"n"]}}')
    assert (await rollups.remove_before(key.starts_ms), await rollups.remove_before(NOON_MS)) == (0, 1)


async def test_a_days_rollups(store: Store) -> None:
    rollups = MongoRollups(store)
    keys = [tenant_day_key("t", NOON_MS), robot_day_key("t", "r", NOON_MS), tenant_day_key("u", NOON_MS)]
    for key in (*keys, TOTAL_KEY, tenant_day_key("t", NOON_MS - DAY_MS)):
        stored = empty_rollup(key).plus([fact("a")], unsettled=(), write_id=new_id())
        assert stored is not None
        assert await rollups.save(stored)
    found = await rollups.of_day(day_of(NOON_MS))
    assert found == await rollups.read(keys)
    assert await rollups.of_day(NOON_MS) == {}
    assert (await rollups.of_day(0)).keys() == set()


async def test_walking_through_facts_and_finished_jobs(store: Store) -> None:
    """Also when more documents share a moment than a page holds."""
    facts, jobs = MongoFacts(store), MongoFinishedJobs(store)
    assert await jobs.first_ms() is None
    ends = [NOON_MS, *[NOON_MS + 1] * (PAGE + 3), NOON_MS + 2, NOON_MS + 3]
    stored = [
        job_of(f"j{n}", JobStatus.FAILED, 0, claimed_ms=end - 5, finished_ms=end, error_type="A.$b", robot_id="r")
        for n, end in enumerate(ends)
    ]
    running = [job_of("running", JobStatus.RUNNING, NOON_MS), job_of("p", JobStatus.PENDING, NOON_MS)]
    await store.collection(JOBS).insert_many([job_to_document(job) for job in (*stored, *running)])
    wanted = [fact_of_job(job, end) for job, end in zip(stored, ends, strict=True)]
    await asyncio.gather(*map(facts.add, wanted))
    for finished in (jobs, facts):
        portions = await all_of(finished.between(NOON_MS, NOON_MS + 3))
        found = [one for portion in portions for one in portion]
        assert sorted(one.job_id for one in found) == sorted(one.job_id for one in wanted[:-1])
        assert {one.job_id: one for one in found} == {one.job_id: one for one in wanted[:-1]}
        assert await all_of(finished.between(NOON_MS + 4, NOON_MS + 9)) == []
    assert await jobs.first_ms() == NOON_MS
    assert await jobs.existing(["j0", "running", "unknown"]) == {"j0", "running"}
    await facts.mark_rolled(["j0"], NOON_MS)
    assert await facts.rolled(["j0", "j1", "unknown"]) == {"j0": True, "j1": False}


async def test_the_rebuild(store: Store) -> None:
    clock = ManualClock()
    bus = InProcessBus(ParkingLot(store, clock).park)
    relay = OutboxRelay(store, bus, clock, [REBUILDS], CollectorRegistry())
    rebuilds = MongoRebuilds(store, relay, new_id)
    assert await rebuilds.latest() is None
    first = Rebuild(rebuild_id="a", tenant_id="t", requested_ms=NOON_MS)
    event = MetricsRebuildRequested(rebuild_id="a")
    assert (await rebuilds.save(first, event), await rebuilds.save(first, event)) == (True, False)
    taken = first.taken(NOON_MS)
    assert (await rebuilds.save(taken), await rebuilds.save(taken)) == (True, False)
    assert await rebuilds.latest() == taken
    ended = taken.ended(RebuildState.DONE, NOON_MS, total_kept=True)
    assert (await rebuilds.save(ended, event), await rebuilds.save(ended, event)) == (True, False)
    assert await rebuilds.latest() == ended
    (document,) = await store.collection(REBUILDS).find({}).to_list()
    assert (document["unsent"], len(document["outbox"])) == (2, 2)


async def test_rolling_up(store: Store) -> None:
    facts, rollups = MongoFacts(store), MongoRollups(store)
    roll_up = RollUpFacts(facts, rollups, ManualClock(), new_id)
    for n in range(7):
        await facts.add(fact(f"j{n}", robot_id=None if n == 0 else f"r{n % 2}"))
    assert (await roll_up(), await roll_up()) == (7, 0)
    assert (await rollups.read([TOTAL_KEY]))[TOTAL_KEY].failed == 7


async def test_jobs_and_robots(store: Store) -> None:
    jobs = [
        job_of("p1", JobStatus.PENDING, NOON_MS),
        job_of("p2", JobStatus.PENDING, NOON_MS + 1, queue_position=None, waiting_until_ms=NOON_MS + 9),
        job_of("c", JobStatus.CLAIMED, NOON_MS + 2, robot_id="r1"),
        job_of("r", JobStatus.RUNNING, NOON_MS + 3, robot_id="r1", result_json='{"x": 1}'),
        job_of("d", JobStatus.COMPLETED, NOON_MS + 4, robot_id="r1"),
        job_of("e", JobStatus.PENDING, NOON_MS + 5, tenant_id="elsewhere"),
    ]
    await store.collection(JOBS).insert_many([job_to_document(job) for job in jobs])
    await store.collection(ROBOTS).insert_many(
        [robot_to_document(robot_of(*args)) for args in (("r2", NOON_MS), ("r1", NOON_MS))]
    )
    counter = MongoJobCounter(store, ManualClock())
    assert await counter.of_tenant("default") == JobCounts(pending=2, active=2)
    assert await counter.of_all() == JobCounts(pending=3, active=2)
    history = JobHistory(store)
    assert [job.job_id for job in await history.newest(JobQuery("default", 3))] == ["d", "r", "c"]
    running = await history.newest(JobQuery("default", 9, JobStatus.RUNNING, "w-1", "r1"))
    assert [(job.job_id, job.result_json) for job in running] == [("r", None)]
    assert [robot.robot_id for robot in await MongoFleet(store, ManualClock()).of_tenant("default")] == ["r1", "r2"]
    older = await history.newest(JobQuery("default", 2, before=job_of("r", JobStatus.RUNNING, NOON_MS + 3).place))
    assert [job.job_id for job in older] == ["c", "p2"]
    assert await history.newest(JobQuery("default", 9, environment="elsewhere")) == []


async def test_events_are_numbered_whoever_stores_them(store: Store) -> None:
    clock = ManualClock()
    one, other = MongoActivity(store, clock), MongoActivity(store, clock)
    for n in range(0, 40, 4):
        await asyncio.gather(
            *(one.add(entry(f"e{m}", NOON_MS + m)) for m in (n, n + 1)),
            *(other.add(entry(f"e{m}", NOON_MS + m, event_type="y")) for m in (n + 2, n + 3)),
            other.add(entry(f"f{n}", NOON_MS, tenant_id="u")),
        )
    found = await one.numbered("t", Numbers(1, 100), limit=100)
    assert [each.seq for each in found] == list(range(1, 41))
    assert len({each.event_id for each in found}) == 40
    assert await one.last_number("t") == 40
    assert [each.seq for each in await one.numbered("u", Numbers(1, 100), limit=100)] == list(range(1, 11))
    assert await one.count_numbered("t", Numbers(1, 40), kinds={"y"}) == 20
    assert {e.event_type for e in await one.numbered("t", Numbers(1, 40), limit=9, kinds={"y"})} == {"y"}
    assert [each.seq for each in await one.numbered("t", Numbers(7, 9), limit=2)] == [7, 8]
    assert (await one.oldest_number("t"), await one.oldest_number("nobody")) == (1, None)


async def test_only_numbers_that_nothing_is_under_way_for_are_settled(store: Store) -> None:
    clock = ManualClock()
    activity, sequences = MongoActivity(store, clock), TenantSequences(store, clock)
    assert await activity.settled_number("t") == 0
    await activity.add(entry("e1", NOON_MS))
    assert await activity.settled_number("t") == 1
    assert await sequences.reserve(["t", "t"]) == {"t": 2}
    assert await activity.settled_number("t") == 1
    await activity.add(entry("e4", NOON_MS))
    assert await activity.settled_number("t") == 1
    clock.advance(seconds=10)
    assert await activity.settled_number("t") == 4  # whoever took 2 and 3 has died
    await activity.add(entry("e5", NOON_MS))
    assert await sequences.reserve(["t"]) == {"t": 6}
    assert await activity.settled_number("t") == 5


async def test_a_long_run_of_new_events_is_looked_through_to_the_first_gap(store: Store) -> None:
    clock = ManualClock()
    activity, sequences = MongoActivity(store, clock), TenantSequences(store, clock)
    await activity.add(entry("first", NOON_MS))
    await sequences.reserve(["t"])
    for n in range(0, 450, 50):
        await asyncio.gather(*(activity.add(entry(f"e{m}", NOON_MS)) for m in range(n, n + 50)))
    assert await activity.last_number("t") == 452
    assert await activity.settled_number("t") == 1
