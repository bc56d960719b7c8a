"""Rollups equal facts, whatever the order of replicas' steps, wherever they die, however often events come."""

from collections.abc import Iterable
from itertools import count, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.adapters.fact_store import JOB_FACTS, MongoFacts
from services.metrics.adapters.rollup_store import ROLLUPS, MongoRollups
from services.metrics.domain.facts import JobFact
from services.metrics.domain.rollup_keys import TOTAL_KEY, robot_day_key, tenant_day_key
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from shared.jobs import JobStatus
from shared.kernel.ids import new_id
from shared.storage import Collection, Store, connect
from tests.component.metrics.replicas import Fate, Replica
from tests.support.clock import ManualClock

NOON_MS = ManualClock().now_ms()
ROLLED_BEFORE, EARLY, LATE, LATEST = (0, 1), (2, 3), (4,), (5,)
"""Jobs by when their events come. The first ones are rolled up before anything goes wrong, so that rollups exist."""
ALL = (*ROLLED_BEFORE, *EARLY, *LATE, *LATEST)
CALLS_OF_A_ROUND = 8
"""Pending, rollups, still pending, four rollups to save, mark."""
FATAL = (Fate.DIE_BEFORE, Fate.DIE_AFTER, Fate.LOSE_ANSWER)
N_REPLICAS = 3
Step = tuple[str, int, Fate]
_examples = count()

deliveries = st.tuples(st.just("event"), st.sampled_from(ALL), st.just(Fate.GO))
moves = st.tuples(
    st.just("replica"), st.integers(0, N_REPLICAS - 1), st.sampled_from([*[Fate.GO] * 3 * len(FATAL), *FATAL])
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.one_of(deliveries, *[moves] * 5), max_size=70))
async def test_any_order_of_events_steps_and_deaths(steps: list[Step], store_url: str, database_name: str) -> None:
    name = f"{database_name[:50]}_{next(_examples)}"
    async with connect(store_url, name) as store:
        replicas = await begin(store)
        for kind, number, fate in steps:
            if kind == "event":
                await deliver(store, [number])
            else:
                await replicas[number].step(fate)
        await end(store, replicas)
        await store.client.drop_database(name)


@pytest.mark.parametrize("fate", FATAL)
@pytest.mark.parametrize("n_calls", range(1, CALLS_OF_A_ROUND + 1))
async def test_a_death_at_any_call(n_calls: int, fate: Fate, store_url: str, database_name: str) -> None:
    async with connect(store_url, database_name) as store:
        doomed, other, *_ = replicas = await begin(store)
        await deliver(store, EARLY)
        await advance(doomed, n_calls - 1)
        await doomed.step(fate)
        await deliver(store, [*EARLY, *LATE])
        await other.round()
        await deliver(store, [*EARLY, *LATEST])
        await doomed.round()
        await end(store, replicas)


@pytest.mark.parametrize("n_first", range(CALLS_OF_A_ROUND + 1))
async def test_replicas_that_overtake_each_other_anywhere(n_first: int, store_url: str, database_name: str) -> None:
    async with connect(store_url, database_name) as store:
        for n_second, first_oversleeps in product(range(CALLS_OF_A_ROUND + 1), (True, False)):
            first, second, third = replicas = await begin(store)
            await deliver(store, EARLY)
            await advance(first, n_first)
            await deliver(store, LATE)
            await advance(second, n_second)
            if first_oversleeps:
                await second.finish()
                await third.round()
                await deliver(store, LATEST)
                await third.round()
            await first.finish()
            await second.finish()
            await end(store, replicas)


async def begin(store: Store) -> list[Replica]:
    """An empty store but for the first jobs, already rolled up."""
    for name in (JOB_FACTS, ROLLUPS):
        await Collection(store, name).delete({})
    await deliver(store, ROLLED_BEFORE)
    await roll_up_all(store)
    return [Replica(store, ManualClock()) for _ in range(N_REPLICAS)]


async def advance(replica: Replica, n_calls: int) -> None:
    for _ in range(n_calls):
        await replica.step(Fate.GO)


async def end(store: Store, replicas: Iterable[Replica]) -> None:
    """Everything is delivered once more and worked off; then every job is in each of its rollups, once."""
    await deliver(store, ALL)
    for replica in replicas:
        await replica.finish()
    await roll_up_all(store)
    robots = [robot_day_key("default", f"r-{n}", NOON_MS) for n in range(2)]
    rollups = await MongoRollups(store).read([TOTAL_KEY, tenant_day_key("default", NOON_MS), *robots])
    sums = {key.robot_id or key.kind.value: (r.completed, r.duration_ms_sum) for key, r in rollups.items()}
    assert sums == {"total": (6, 111_111), "tenant_day": (6, 111_111), "r-0": (3, 10_101), "r-1": (3, 101_010)}
    assert await MongoFacts(store).pending(1) == []


async def deliver(store: Store, numbers: Iterable[int]) -> None:
    for number in numbers:
        await MongoFacts(store).add(fact_number(number))


async def roll_up_all(store: Store) -> None:
    await RollUpFacts(MongoFacts(store), MongoRollups(store), ManualClock(), new_id)()


def fact_number(number: int) -> JobFact:
    """Job `number` took `10**number` ms, so that a sum of durations tells which jobs are in it, and how often."""
    return JobFact(
        job_id=f"job-{number}",
        tenant_id="default",
        workflow_id="w",
        workflow_name="n",
        environment="default",
        robot_id=f"r-{number % 2}",
        status=JobStatus.COMPLETED,
        finished_ms=NOON_MS,
        duration_ms=10**number,
        error_type=None,
    )
