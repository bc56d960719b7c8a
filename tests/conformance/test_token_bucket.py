"""What every kind of token bucket does (contract clarifications 9), by the clock that is really its own.

Where nothing may refill during a test the period is an hour; where something must, it is a fraction of a second.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from gateway.rate_limits import InProcessBuckets, Limit, RedisBuckets, TokenBuckets
from tests.support.eventually import eventually

HOUR_SECONDS = 3600


@pytest.fixture(params=["in_process", "redis"])
async def buckets(request: pytest.FixtureRequest) -> AsyncIterator[TokenBuckets]:
    if request.param == "in_process":
        yield InProcessBuckets()
        return
    url, prefix = request.getfixturevalue("redis_url"), request.getfixturevalue("redis_prefix")
    async with Redis.from_url(url) as client:
        yield RedisBuckets(client, prefix=f"{prefix}{uuid4()}:", timeout_seconds=5)


def slow(capacity: int, name: str = "slow") -> Limit:
    return Limit(name, capacity, HOUR_SECONDS)


async def take_many(buckets: TokenBuckets, key: str, limit: Limit, times: int) -> int:
    """How many of `times` requests, one after the other, were allowed."""
    return sum([(await buckets.take(key, limit)).allowed for _ in range(times)])


async def test_eight_clients_at_once_get_exactly_the_limit(buckets: TokenBuckets) -> None:
    limit = slow(50)
    async with asyncio.TaskGroup() as clients:
        asked = [clients.create_task(take_many(buckets, "key", limit, times=25)) for _ in range(8)]
    assert sum(task.result() for task in asked) == limit.capacity


async def test_each_request_takes_one_token_and_says_what_is_left(buckets: TokenBuckets) -> None:
    limit = slow(10)
    decisions = [await buckets.take("key", limit) for _ in range(10)]
    assert all(decision.allowed for decision in decisions)
    assert [decision.remaining for decision in decisions] == list(range(9, -1, -1))
    assert {decision.limit for decision in decisions} == {10}
    assert {decision.retry_after_seconds for decision in decisions} == {0}


async def test_reset_is_the_time_until_the_bucket_is_full_again(buckets: TokenBuckets) -> None:
    limit = slow(10)
    assert (await buckets.take("key", limit)).reset_seconds == HOUR_SECONDS / 10
    await take_many(buckets, "key", limit, times=9)
    assert HOUR_SECONDS - 30 <= (await buckets.take("key", limit)).reset_seconds <= HOUR_SECONDS


async def test_a_refusal_says_when_the_next_token_comes(buckets: TokenBuckets) -> None:
    limit = slow(10)
    await take_many(buckets, "key", limit, times=10)
    refusal = await buckets.take("key", limit)
    assert not refusal.allowed
    assert refusal.remaining == 0
    assert HOUR_SECONDS / 10 - 30 <= refusal.retry_after_seconds <= HOUR_SECONDS / 10


async def test_a_refusal_asks_for_at_least_a_second(buckets: TokenBuckets) -> None:
    limit = Limit("brief", capacity=1, period_seconds=0.2)
    await buckets.take("key", limit)
    refusal = await buckets.take("key", limit)
    assert refusal.retry_after_seconds == (0 if refusal.allowed else 1)


async def test_refused_requests_cost_nothing(buckets: TokenBuckets) -> None:
    limit = slow(3)
    await take_many(buckets, "key", limit, times=3)
    first = await buckets.take("key", limit)
    assert await take_many(buckets, "key", limit, times=50) == 0
    last = await buckets.take("key", limit)
    assert last.reset_seconds <= first.reset_seconds
    assert last.retry_after_seconds <= first.retry_after_seconds


async def test_keys_and_limits_have_buckets_of_their_own(buckets: TokenBuckets) -> None:
    limit = slow(2)
    assert await take_many(buckets, "a", limit, times=3) == 2
    assert await take_many(buckets, "b", limit, times=3) == 2
    assert await take_many(buckets, "a", slow(2, name="other"), times=3) == 2
    assert await take_many(buckets, "a:b \N{SNOWMAN}\0\r\n", limit, times=3) == 2


async def test_tokens_come_back_one_by_one_and_not_too_early(buckets: TokenBuckets) -> None:
    limit = Limit("quick", capacity=5, period_seconds=0.5)
    started = time.monotonic()

    async def allowed() -> bool:
        return (await buckets.take("key", limit)).allowed

    for _ in range(limit.capacity + 6):
        await eventually(allowed)
    # The clocks compared here differ by their granularity and, between processes, by their pace.
    assert time.monotonic() - started >= 6 * limit.period_seconds / limit.capacity * 0.95


async def test_a_burst_after_a_long_idle_time_is_no_larger_than_the_capacity(buckets: TokenBuckets) -> None:
    limit = Limit("quick", capacity=5, period_seconds=0.2)
    five_periods = Limit("stopwatch", capacity=1, period_seconds=1.0)
    await take_many(buckets, "key", limit, times=5)
    await buckets.take("key", five_periods)

    async def five_periods_are_over() -> bool:
        return (await buckets.take("key", five_periods)).allowed

    await eventually(five_periods_are_over)
    assert (await buckets.take("key", limit)).remaining == limit.capacity - 1


async def test_a_limit_that_is_lowered_does_not_make_a_bucket_emptier_than_empty(buckets: TokenBuckets) -> None:
    await take_many(buckets, "key", Limit("shrinking", capacity=100, period_seconds=HOUR_SECONDS), times=100)
    refusal = await buckets.take("key", Limit("shrinking", capacity=2, period_seconds=60))
    assert (refusal.allowed, refusal.remaining) == (False, 0)
    assert refusal.retry_after_seconds <= 30
    assert refusal.reset_seconds <= 60


@pytest.mark.parametrize(("capacity", "period_seconds"), [(7, HOUR_SECONDS), (600, HOUR_SECONDS), (999, 86_400)])
async def test_a_capacity_that_does_not_divide_its_period_is_exact_too(
    buckets: TokenBuckets, capacity: int, period_seconds: int
) -> None:
    limit = Limit("odd", capacity, period_seconds)
    started = time.monotonic()
    allowed = await take_many(buckets, "key", limit, times=capacity + 20)
    refilled = int((time.monotonic() - started) * capacity / period_seconds)
    assert capacity <= allowed <= capacity + refilled


@pytest.mark.parametrize(
    ("name", "capacity", "period_seconds"),
    [("", 1, 60), ("a:b", 1, 60), ("none", 0, 60), ("negative", -1, 60), ("instant", 1, 0), ("back", 1, -60)],
)
def test_a_limit_without_meaning_cannot_be_made(name: str, capacity: int, period_seconds: float) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limit(name, capacity, period_seconds)
