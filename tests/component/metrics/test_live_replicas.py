"""Two replicas over one store: a client of either sees what both have stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from structlog.testing import capture_logs

from services.metrics.adapters.tenant_sequences import SEQUENCES
from shared.messaging.rabbitmq import RabbitMQBus
from tests.component.metrics.live_clients import Live, blocks_of, live
from tests.component.metrics.running_metrics import open_metrics
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

N_JOBS = 40
EVENTS_OF_A_JOB = 3


@asynccontextmanager
async def two_replicas(store_url: str, database: str, clock: ManualClock, **values: str) -> AsyncIterator[list[Live]]:
    async with AsyncExitStack() as stack:
        replicas = []
        for _ in range(2):
            metrics = await stack.enter_async_context(open_metrics(store_url, database, clock, **values))
            replicas.append(await stack.enter_async_context(live(metrics)))
        yield replicas


@pytest.fixture
async def over_rabbitmq(
    store_url: str, database_name: str, clock: ManualClock, amqp_url: str, amqp_prefix: str
) -> AsyncIterator[list[Live]]:
    values = {"amqp_url": amqp_url, "amqp_prefix": f"{amqp_prefix}{database_name}"}
    async with two_replicas(store_url, database_name, clock, **values) as replicas:
        for replica in replicas:
            assert isinstance(replica.metrics.runtime.bus, RabbitMQBus)
            assert await replica.metrics.runtime.bus.wait_connected(10)
        yield replicas


async def test_clients_of_both_replicas_see_every_event_in_the_same_order(over_rabbitmq: list[Live]) -> None:
    one, other = over_rabbitmq
    async with one.socket("live-jobs") as here, other.socket("live-jobs") as there:
        await here.frame()
        await there.frame()
        await asyncio.gather(*(over_rabbitmq[n % 2].publish_life(f"job-{n}") for n in range(N_JOBS)))
        n_events = N_JOBS * EVENTS_OF_A_JOB
        seen = await here.frames(n_events, "job_update")
        assert [frame["seq"] for frame in seen] == sorted({frame["seq"] for frame in seen})
        assert {(f["job_id"], f["version"]) for f in seen} == {
            (f"job-{n}", v) for n in range(N_JOBS) for v in (1, 2, 3)
        }
        assert await there.frames(n_events, "job_update") == seen
    handled = [
        replica.metrics.counted("casare_metrics_events_total", subscription="metrics.activity", outcome="applied")
        for replica in over_rabbitmq
    ]
    assert sum(handled) == n_events
    assert min(handled) > 0  # both stored some


async def test_a_client_goes_on_at_the_other_replica(over_rabbitmq: list[Live]) -> None:
    one, other = over_rabbitmq
    async with one.socket("live-jobs") as here:
        await here.frame()
        await one.publish_life("job-1")
        last = (await here.frames(2, "job_update"))[-1]["seq"]
    async with other.socket("live-jobs", since=last) as there:
        await one.publish_life("job-2")
        frames = await there.frames(4, "job_update")
    assert [frame["seq"] for frame in frames] == [3, 4, 5, 6]


async def test_a_replica_that_hears_nothing_finds_out_from_the_store(
    store_url: str, database_name: str, clock: ManualClock
) -> None:
    """Each has a bus of its own here: every announcement of the other is lost."""
    async with two_replicas(store_url, database_name, clock) as (one, deaf):
        async with deaf.socket("live-jobs") as there, deaf.socket("queue-metrics") as queue:
            await there.frame()
            await queue.frame()
            await one.publish_life("job-1")
            assert [frame["seq"] for frame in await there.frames(3, "job_update")] == [1, 2, 3]
            await deaf.publish_life("job-2")
            assert [frame["seq"] for frame in await there.frames(3, "job_update")] == [4, 5, 6]
        answer = await deaf.events(since=2, wait_seconds=0)
        assert [seq for seq, _, _ in blocks_of(answer.text)] == ["2", "2", "3", "4", "5", "6"]


async def test_a_replica_goes_on_looking_whatever_went_wrong(
    store_url: str, database_name: str, clock: ManualClock
) -> None:
    async with two_replicas(store_url, database_name, clock) as (one, deaf), deaf.socket("live-jobs") as there:
        await there.frame()
        await one.publish_life("job-1")
        await there.frames(3, "job_update")
        sequences = one.metrics.runtime.store.collection(SEQUENCES)
        with capture_logs() as logs:
            await sequences.update_one({"_id": "default"}, {"$set": {"seq": "three"}})
            await eventually(lambda: any(log["event"] == "live_feed_failed" for log in logs))
        await sequences.update_one({"_id": "default"}, {"$set": {"seq": 3}})
        await one.publish_life("job-2")
        assert [frame["seq"] for frame in await there.frames(3, "job_update")] == [4, 5, 6]


async def test_a_client_ahead_of_the_replica_it_comes_to_gets_nothing_twice(
    store_url: str, database_name: str, clock: ManualClock
) -> None:
    async with two_replicas(store_url, database_name, clock) as (one, deaf), deaf.socket("queue-metrics") as before:
        await before.frame()
        await one.publish_life("job-1")
        async with deaf.socket("live-jobs", since=2) as there:
            assert (await there.frame_of("resumed"))["complete"] is True
            assert (await there.frame_of("job_update"))["seq"] == 3


async def test_numbers_that_begin_anew_send_clients_away(
    store_url: str, database_name: str, clock: ManualClock
) -> None:
    async with open_metrics(store_url, database_name, clock) as metrics, live(metrics) as here:
        await here.publish_life("job-1")
        async with here.socket("live-jobs") as socket:
            await socket.frame()
            await metrics.runtime.store.collection(SEQUENCES).delete_many({})
            assert await socket.close_code() == 1012
