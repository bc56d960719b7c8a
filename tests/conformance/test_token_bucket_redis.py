"""Token buckets in Redis: shared, forgetful, down and slow."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from gateway.rate_limits import BucketsUnavailable, Limit, RedisBuckets
from tests.support.backends.private_redis import PrivateRedis

LIMIT = Limit("redis", capacity=10, period_seconds=3600)
PATIENT_SECONDS = 5.0
BRIEF_SECONDS = 0.2


@pytest.fixture
def prefix(redis_prefix: str) -> str:
    """One of the test's own."""
    return f"{redis_prefix}{uuid4()}:"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def private_client(private_redis: PrivateRedis) -> AsyncIterator[Redis]:
    async with Redis.from_url(private_redis.url) as client:
        yield client


async def take_many(buckets: RedisBuckets, times: int, key: str = "key") -> int:
    return sum([(await buckets.take(key, LIMIT)).allowed for _ in range(times)])


async def test_replicas_share_their_buckets(redis_url: str, prefix: str) -> None:
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as other:
        replicas = [RedisBuckets(client, prefix=prefix, timeout_seconds=PATIENT_SECONDS) for client in (one, other)]
        allowed = await asyncio.gather(*(take_many(replica, times=20) for replica in replicas))
    assert sum(allowed) == LIMIT.capacity


async def test_a_key_expires_soon_after_its_bucket_is_full(client: Redis, prefix: str) -> None:
    buckets = RedisBuckets(client, prefix=prefix, timeout_seconds=PATIENT_SECONDS)
    await take_many(buckets, times=3)
    token_ms = LIMIT.token_us // 1000
    remaining_ms = await client.pttl(f"{prefix}redis:key")
    assert 2 * token_ms < remaining_ms <= 3 * token_ms + 1000


async def test_a_clock_that_was_set_back_locks_nobody_out_longer_than_a_period(client: Redis, prefix: str) -> None:
    buckets = RedisBuckets(client, prefix=prefix, timeout_seconds=PATIENT_SECONDS)
    await client.set(f"{prefix}redis:key", int((time.time() + 1_000_000) * 1_000_000))
    refusal = await buckets.take("key", LIMIT)
    assert not refusal.allowed
    assert refusal.reset_seconds <= LIMIT.period_seconds


async def test_more_requests_than_connections_wait_their_turn(redis_url: str, prefix: str) -> None:
    async with Redis.from_url(redis_url, max_connections=2) as client:
        buckets = RedisBuckets(client, prefix=prefix, timeout_seconds=PATIENT_SECONDS, max_in_flight=2)
        decisions = await asyncio.gather(*(buckets.take("key", LIMIT) for _ in range(100)))
    assert sum(decision.allowed for decision in decisions) == LIMIT.capacity


async def test_a_decision_is_one_round_trip_and_a_forgotten_script_costs_one_more(private_client: Redis) -> None:
    buckets = RedisBuckets(private_client, timeout_seconds=PATIENT_SECONDS)
    await take_many(buckets, times=1)
    await private_client.config_resetstat()
    await take_many(buckets, times=2)
    assert await _calls(private_client) == {"evalsha": 2}
    await private_client.script_flush()
    assert await take_many(buckets, times=20) == LIMIT.capacity - 3
    assert await _calls(private_client) == {"evalsha": 22, "eval": 1}


async def test_a_flushed_redis_gives_one_more_burst_and_no_more(private_client: Redis) -> None:
    buckets = RedisBuckets(private_client, timeout_seconds=PATIENT_SECONDS)
    await take_many(buckets, times=20)
    await private_client.flushall()
    assert await take_many(buckets, times=40) == LIMIT.capacity


async def test_a_killed_redis_is_said_to_be_unavailable_and_works_again_after_its_restart(
    private_redis: PrivateRedis, private_client: Redis
) -> None:
    buckets = RedisBuckets(private_client, timeout_seconds=BRIEF_SECONDS)
    await RedisBuckets(private_client, timeout_seconds=PATIENT_SECONDS).take("key", LIMIT)
    await asyncio.to_thread(private_redis.kill)
    started = time.monotonic()
    with pytest.raises(BucketsUnavailable):
        await buckets.take("key", LIMIT)
    assert time.monotonic() - started < PATIENT_SECONDS

    await asyncio.to_thread(private_redis.start)
    patient = RedisBuckets(private_client, timeout_seconds=PATIENT_SECONDS)
    assert (await patient.take("key", LIMIT)).allowed


async def test_a_frozen_redis_is_given_up_in_time_and_its_late_answers_reach_nobody(
    private_redis: PrivateRedis, private_client: Redis
) -> None:
    patient = RedisBuckets(private_client, timeout_seconds=PATIENT_SECONDS)
    hasty = RedisBuckets(private_client, timeout_seconds=BRIEF_SECONDS)
    await take_many(patient, times=20, key="drained")
    private_redis.process.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        answers = await asyncio.gather(*(hasty.take("drained", LIMIT) for _ in range(50)), return_exceptions=True)
        assert time.monotonic() - started < PATIENT_SECONDS
    finally:
        private_redis.process.send_signal(signal.SIGCONT)
    assert all(isinstance(answer, BucketsUnavailable) for answer in answers)
    await private_client.ping()  # once it has dealt with the connections that were given up

    decisions = await asyncio.gather(*(patient.take(f"fresh {n}", LIMIT) for n in range(50)))
    assert {decision.remaining for decision in decisions} == {LIMIT.capacity - 1}
    assert not (await patient.take("drained", LIMIT)).allowed


async def test_a_redis_that_refuses_to_write_is_unavailable(private_client: Redis) -> None:
    buckets = RedisBuckets(private_client, timeout_seconds=PATIENT_SECONDS)
    await buckets.take("key", LIMIT)
    await private_client.config_set("min-replicas-to-write", 1)
    with pytest.raises(BucketsUnavailable) as refusal:
        await buckets.take("key", LIMIT)
    assert refusal.value.retry_after_seconds > 0


async def _calls(client: Redis) -> dict[str, int]:
    """How often the script was run, by command."""
    statistics = await client.info("commandstats")
    return {
        name: statistics[f"cmdstat_{name}"]["calls"]
        for name in ("evalsha", "eval", "script|load")
        if f"cmdstat_{name}" in statistics
    }
