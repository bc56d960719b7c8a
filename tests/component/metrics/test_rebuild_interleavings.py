"""A rebuild changes no right figure, whatever is rolled up meanwhile and wherever a replica dies."""

from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.adapters.fact_store import JOB_FACT_INDEXES, JOB_FACTS, MongoFacts
from services.metrics.adapters.rollup_store import ROLLUPS, MongoRollups
from services.metrics.domain.facts import fact_of_job
from services.metrics.domain.rollup_keys import TOTAL_KEY, robot_day_key, tenant_day_key
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from shared.jobs import JOB_INDEXES, JOBS, Job, JobStatus
from shared.jobs.job import to_document
from shared.kernel.ids import new_id
from shared.storage import Collection, Store, connect
from tests.component.metrics.replicas import Fate, Replica
from tests.component.metrics.running_metrics import job_of
from tests.support.clock import ManualClock

NOON_MS = ManualClock().now_ms()
ROLLED_BEFORE, DURING, AFTER = (0, 1), (2, 3), (4, 5)
"""Jobs by when they end."""
ALL = (*ROLLED_BEFORE, *DURING, *AFTER)
N_REBUILDERS = 2
N_REPLICAS = 4
MOST_CALLS = 30
"""More than a rebuild of these three days makes."""
Step = tuple[str, int, Fate]
_examples = count()

ends = st.tuples(st.just("end"), st.sampled_from(ALL), st.just(Fate.GO))
events = st.tuples(st.just("event"), st.sampled_from(ALL), st.just(Fate.GO))
fates = st.sampled_from([*[Fate.GO] * 12, Fate.DIE_BEFORE, Fate.DIE_AFTER, Fate.LOSE_ANSWER])
moves = st.tuples(st.just("replica"), st.integers(0, N_REPLICAS - 1), fates)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(ends, events, *[moves] * 8), max_size=120))
async def test_any_order_of_ends_events_steps_and_deaths(steps: list[Step], store_url: str, database_name: str) -> None:
    name = f"{database_name[:50]}_{next(_examples)}"
    async with connect(store_url, name) as store:
        replicas = await begin(store)
        for kind, number, fate in steps:
            if kind == "replica":
                await replicas[number].step(fate)
            elif kind == "end":
                await end_jobs(store, [number])
            else:
                await tell(store, [number])
        await check(store, replicas)
        await store.client.drop_database(name)


@pytest.mark.parametrize("fate", [Fate.DIE_BEFORE, Fate.DIE_AFTER])
@pytest.mark.parametrize("told_first", [True, False])
async def test_a_rebuild_that_dies_at_any_call_while_jobs_end(
    fate: Fate, told_first: bool, store_url: str, database_name: str
) -> None:
    async with connect(store_url, database_name) as store:
        for n_calls in range(0, MOST_CALLS, 2):
            doomed, _, roller, _ = replicas = await begin(store)
            await end_jobs(store, DURING)
            if told_first:
                await tell(store, DURING)
            for _ in range(n_calls):
                await doomed.step(Fate.GO)
            await roller.round()
            await doomed.step(fate)
            await check(store, replicas)


@pytest.mark.parametrize("event_is_late", [True, False])
async def test_jobs_that_end_and_are_rolled_up_at_any_call_of_a_rebuild(
    event_is_late: bool, store_url: str, database_name: str
) -> None:
    async with connect(store_url, database_name) as store:
        for n_calls in range(MOST_CALLS):
            rebuilder, _, roller, _ = replicas = await begin(store)
            for _ in range(n_calls):
                await rebuilder.step(Fate.GO)
            await (end_jobs if event_is_late else tell)(store, DURING)
            await roller.round()
            await rebuilder.finish()
            await check(store, replicas)


async def test_an_event_that_comes_after_its_job_was_counted_by_a_rebuild(store_url: str, database_name: str) -> None:
    async with connect(store_url, database_name) as store:
        rebuilder, _, roller, _ = replicas = await begin(store)
        await end_jobs(store, DURING)
        await rebuilder.round()
        for late in (AFTER, DURING):
            await tell(store, late)
            await roller.round()
        await check(store, replicas)


async def begin(store: Store) -> list[Replica]:
    """Two replicas that rebuild, two that roll up, and the first jobs rolled up."""
    await store.ensure_indexes(JOBS, JOB_INDEXES)
    await store.ensure_indexes(JOB_FACTS, JOB_FACT_INDEXES)
    for name in (JOBS, JOB_FACTS, ROLLUPS):
        await Collection(store, name).delete({})
    await end_jobs(store, ROLLED_BEFORE)
    await tell(store, ROLLED_BEFORE)
    await roll_up_all(store)
    return [Replica(store, ManualClock(), rebuilds=n < N_REBUILDERS) for n in range(N_REPLICAS)]


async def check(store: Store, replicas: Iterable[Replica]) -> None:
    """Every job has ended, was told and rolled up once more: it counts once. Rebuilding again changes nothing."""
    await end_jobs(store, ALL)
    await tell(store, ALL)
    for replica in replicas:
        await replica.finish()
    await roll_up_all(store)
    await check_figures(store)
    await Replica(store, ManualClock(), rebuilds=True).round()
    await roll_up_all(store)
    await check_figures(store)


async def check_figures(store: Store) -> None:
    robots = [robot_day_key("default", f"r-{n}", NOON_MS) for n in range(2)]
    rollups = await MongoRollups(store).read([TOTAL_KEY, tenant_day_key("default", NOON_MS), *robots])
    sums = {key.robot_id or key.kind.value: (r.completed, r.duration_ms_sum) for key, r in rollups.items()}
    assert sums == {"total": (6, 111_111), "tenant_day": (6, 111_111), "r-0": (3, 10_101), "r-1": (3, 101_010)}
    assert await MongoFacts(store).pending(1) == []


async def end_jobs(store: Store, numbers: Iterable[int]) -> None:
    for number in numbers:
        await Collection(store, JOBS).insert(to_document(job_number(number)))


async def tell(store: Store, numbers: Iterable[int]) -> None:
    """The jobs have ended, and their events have come."""
    await end_jobs(store, numbers)
    for number in numbers:
        await MongoFacts(store).add(fact_of_job(job_number(number), NOON_MS))


async def roll_up_all(store: Store) -> None:
    await RollUpFacts(MongoFacts(store), MongoRollups(store), ManualClock(), new_id)()


def job_number(number: int) -> Job:
    """Job `number` took `10**number` ms, so that a sum of durations tells which jobs are in it, and how often."""
    times = {"claimed_ms": NOON_MS - 10**number, "finished_ms": NOON_MS}
    return job_of(f"job-{number}", JobStatus.COMPLETED, NOON_MS, robot_id=f"r-{number % 2}", **times)
