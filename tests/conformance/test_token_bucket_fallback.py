"""Shared buckets that fail over to local ones: a real Redis behind a network that breaks, and time set by hand."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from gateway.rate_limits import FallbackBuckets, InProcessBuckets, Limit, RedisBuckets
from tests.support.backends.private_redis import PrivateRedis
from tests.support.clock import ManualClock
from tests.support.ports import LOOPBACK
from tests.support.tcp_proxy import TcpProxy

LIMIT = Limit("fallback", capacity=10, period_seconds=3600)
TIMEOUT_SECONDS = 1.0
RETRY_SECONDS = 2.0


@pytest.fixture
async def network(private_redis: PrivateRedis) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(private_redis.port) as proxy:
        yield proxy


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def buckets(network: TcpProxy, clock: ManualClock) -> AsyncIterator[FallbackBuckets]:
    async with Redis(host=LOOPBACK, port=network.port) as client:
        yield FallbackBuckets(
            RedisBuckets(client, timeout_seconds=TIMEOUT_SECONDS),
            InProcessBuckets(),
            retry_seconds=RETRY_SECONDS,
            monotonic=lambda: clock.now_ms() / 1000,
        )


async def remaining(buckets: FallbackBuckets) -> int:
    return (await buckets.take("key", LIMIT)).remaining


async def test_the_shared_buckets_count_while_they_answer(
    buckets: FallbackBuckets, private_redis: PrivateRedis
) -> None:
    assert [await remaining(buckets) for _ in range(2)] == [9, 8]
    async with Redis.from_url(private_redis.url) as other_replica:
        assert (await RedisBuckets(other_replica).take("key", LIMIT)).remaining == 7
    assert not buckets.degraded


async def test_local_buckets_take_over_when_the_shared_ones_are_cut_off(
    buckets: FallbackBuckets, network: TcpProxy
) -> None:
    assert [await remaining(buckets) for _ in range(2)] == [9, 8]
    network.cut()
    assert await remaining(buckets) == 9
    assert buckets.degraded
    allowed = [(await buckets.take("key", LIMIT)).allowed for _ in range(20)]
    assert sum(allowed) == 9


async def test_only_the_first_request_waits_for_a_redis_that_is_cut_off(
    buckets: FallbackBuckets, network: TcpProxy
) -> None:
    network.cut()
    await remaining(buckets)
    started = time.monotonic()
    for _ in range(200):
        await remaining(buckets)
    assert time.monotonic() - started < TIMEOUT_SECONDS


async def test_after_a_while_one_request_alone_tries_again(
    buckets: FallbackBuckets, network: TcpProxy, clock: ManualClock
) -> None:
    network.cut()
    await remaining(buckets)
    clock.advance(seconds=RETRY_SECONDS)
    requests = [asyncio.create_task(remaining(buckets)) for _ in range(20)]
    answered, waiting = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
    assert (len(answered), len(waiting)) == (19, 1)
    await asyncio.wait(waiting)
    assert all(request.exception() is None for request in requests)
    assert buckets.degraded


async def test_the_shared_buckets_count_again_once_they_answer(
    buckets: FallbackBuckets, network: TcpProxy, clock: ManualClock
) -> None:
    assert [await remaining(buckets) for _ in range(3)] == [9, 8, 7]
    network.refuse()
    network.reset()
    assert await remaining(buckets) == 9
    await network.heal()
    assert await remaining(buckets) == 8
    clock.advance(seconds=RETRY_SECONDS)
    assert await remaining(buckets) == 6
    assert not buckets.degraded


async def test_an_answer_to_an_older_request_does_not_end_the_outage(
    buckets: FallbackBuckets, network: TcpProxy
) -> None:
    network.cut()
    first = asyncio.create_task(remaining(buckets))
    _, waiting = await asyncio.wait([first], timeout=TIMEOUT_SECONDS / 2)
    assert waiting == {first}
    second = asyncio.create_task(remaining(buckets))
    await first
    await network.heal()
    await second
    assert buckets.degraded


async def test_a_trial_whose_client_goes_away_leaves_the_next_one_to_a_later_request(
    buckets: FallbackBuckets, network: TcpProxy, clock: ManualClock
) -> None:
    network.cut()
    await remaining(buckets)
    clock.advance(seconds=RETRY_SECONDS)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(TIMEOUT_SECONDS / 10):
            await remaining(buckets)
    await network.heal()
    assert buckets.degraded
    clock.advance(seconds=RETRY_SECONDS)
    await remaining(buckets)
    assert not buckets.degraded


async def test_an_outage_is_logged_once_and_its_end_once(
    buckets: FallbackBuckets, network: TcpProxy, clock: ManualClock
) -> None:
    with capture_logs() as logs:
        network.cut()
        await asyncio.gather(*(remaining(buckets) for _ in range(10)))
        clock.advance(seconds=RETRY_SECONDS)
        await remaining(buckets)
        await network.heal()
        clock.advance(seconds=RETRY_SECONDS)
        await remaining(buckets)
    assert [entry["event"] for entry in logs] == ["rate_limits_degraded", "rate_limits_restored"]
