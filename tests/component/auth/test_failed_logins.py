"""Both adapters of `FailedLogins` keep the same rules."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from redis.asyncio import Redis

from services.auth.adapters.memory_failed_logins import MemoryFailedLogins
from services.auth.adapters.redis_failed_logins import (
    LockoutUnavailable,
    RedisFailedLogins,
    lockout_client,
)
from services.auth.domain.lockout import BUSY_RETRY_MS, Admission, Attempt, LockoutPolicy, Verdict
from services.auth.ports import FailedLogins
from shared.kernel.clock import SystemClock
from tests.support.backends.private_redis import PrivateRedis
from tests.support.eventually import eventually

POLICY = LockoutPolicy(max_failures=3, window_ms=60_000, lock_ms=60_000)
BRIEF = LockoutPolicy(max_failures=3, window_ms=60_000, lock_ms=1_000)

_numbers = count()


def attempt(account: str = "ada", address: str = "192.0.2.1") -> Attempt:
    return Attempt(f"attempt-{next(_numbers)}", account, address)


@pytest.fixture(params=["memory", "redis"])
def adapter(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
async def client(adapter: str, request: pytest.FixtureRequest) -> AsyncIterator[Redis | None]:
    if adapter == "memory":
        yield None
        return
    client = lockout_client(request.getfixturevalue("redis_url"))
    yield client
    await client.aclose()


def make(client: Redis | None, policy: LockoutPolicy, request: pytest.FixtureRequest) -> FailedLogins:
    if client is None:
        return MemoryFailedLogins(policy, SystemClock())
    prefix = f"{request.getfixturevalue('redis_prefix')}{request.node.name}:"
    return RedisFailedLogins(client, policy, prefix=prefix)


@pytest.fixture
def failed_logins(client: Redis | None, request: pytest.FixtureRequest) -> FailedLogins:
    return make(client, POLICY, request)


async def fail(failed_logins: FailedLogins, one: Attempt) -> None:
    assert (await failed_logins.reserve(one)).verdict is Verdict.GRANTED
    await failed_logins.fail(one)


async def test_undecided_attempts_take_places_and_the_next_one_is_told_to_come_back_soon(
    failed_logins: FailedLogins,
) -> None:
    verdicts = [await failed_logins.reserve(attempt()) for _ in range(4)]

    assert verdicts == [Admission(Verdict.GRANTED)] * 3 + [Admission(Verdict.REFUSED, BUSY_RETRY_MS)]


async def test_of_many_attempts_at_once_no_more_than_the_limit_get_a_place(failed_logins: FailedLogins) -> None:
    admissions = await asyncio.gather(*(failed_logins.reserve(attempt()) for _ in range(50)))

    assert [admission.verdict for admission in admissions].count(Verdict.GRANTED) == 3


async def test_a_forgiven_attempt_gives_its_place_back(failed_logins: FailedLogins) -> None:
    for _ in range(10):
        one = attempt()
        assert (await failed_logins.reserve(one)).verdict is Verdict.GRANTED
        await failed_logins.forgive(one)


async def test_reserving_or_failing_twice_counts_once(failed_logins: FailedLogins) -> None:
    repeated = attempt()
    for _ in range(5):
        assert (await failed_logins.reserve(repeated)).verdict is Verdict.GRANTED
    for _ in range(5):
        await failed_logins.fail(repeated)

    for _ in range(2):
        assert (await failed_logins.reserve(attempt())).verdict is Verdict.GRANTED
    assert (await failed_logins.reserve(attempt())).verdict is Verdict.REFUSED


async def test_the_limit_of_failures_locks_account_and_address_for_the_policys_time(
    failed_logins: FailedLogins,
) -> None:
    for _ in range(3):
        await fail(failed_logins, attempt())

    elsewhere = await failed_logins.reserve(attempt(address="192.0.2.2"))
    others = await failed_logins.reserve(attempt(account="bob"))

    assert elsewhere.verdict is Verdict.ACCOUNT_LOCKED
    assert others.verdict is Verdict.REFUSED
    for admission in (elsewhere, others):
        assert POLICY.lock_ms - 5_000 < admission.retry_after_ms <= POLICY.lock_ms


async def test_attempts_on_a_locked_account_count_for_their_address(failed_logins: FailedLogins) -> None:
    for number in range(3):
        await fail(failed_logins, attempt(address=f"192.0.2.{number}"))
    for _ in range(3):
        knock = attempt(address="198.51.100.1")
        assert (await failed_logins.reserve(knock)).verdict is Verdict.ACCOUNT_LOCKED
        await failed_logins.fail(knock)

    locked = await failed_logins.reserve(attempt(account="bob", address="198.51.100.1"))

    assert (locked.verdict, locked.retry_after_ms > BUSY_RETRY_MS) == (Verdict.REFUSED, True)


async def test_a_lock_ends_and_counting_begins_anew(client: Redis | None, request: pytest.FixtureRequest) -> None:
    failed_logins = make(client, BRIEF, request)
    for _ in range(3):
        await fail(failed_logins, attempt())

    async def is_granted() -> bool:
        return (await failed_logins.reserve(attempt())).verdict is Verdict.GRANTED

    assert not await is_granted()
    await eventually(is_granted)
    assert await is_granted()


async def test_failures_leave_the_window(client: Redis | None, request: pytest.FixtureRequest) -> None:
    brief_window = LockoutPolicy(max_failures=3, window_ms=200, lock_ms=60_000)
    failed_logins = make(client, brief_window, request)
    for _ in range(2):
        await fail(failed_logins, attempt())

    async def both_are_out() -> bool:
        fresh = [attempt() for _ in range(3)]
        verdicts = [(await failed_logins.reserve(one)).verdict for one in fresh]
        for one in fresh:
            await failed_logins.forgive(one)
        return verdicts == [Verdict.GRANTED] * 3

    await eventually(both_are_out)


async def test_keys_in_redis_hold_no_names_and_expire(redis_url: str, redis_prefix: str) -> None:
    client = lockout_client(redis_url)
    prefix = f"{redis_prefix}expiry:"
    failed_logins = RedisFailedLogins(client, POLICY, prefix=prefix)
    for _ in range(3):
        await fail(failed_logins, attempt())
    await failed_logins.reserve(attempt("bob", "192.0.2.2"))

    keys = [key.decode() async for key in client.scan_iter(match=f"{prefix}*")]

    assert len(keys) == 4  # two locks, two places
    for key in keys:
        assert 0 < await client.pttl(key) <= POLICY.lock_ms
        assert not any(word in key for word in ("ada", "bob", "192.0.2"))
    await failed_logins.close()


async def test_a_redis_that_went_away_is_unavailable_and_one_that_came_back_works(
    private_redis: PrivateRedis,
) -> None:
    failed_logins = RedisFailedLogins(lockout_client(private_redis.url), POLICY, prefix="t:")
    await fail(failed_logins, attempt())
    await asyncio.to_thread(private_redis.kill)
    one = attempt()
    for call in (failed_logins.reserve, failed_logins.fail, failed_logins.forgive):
        with pytest.raises(LockoutUnavailable):
            await call(one)

    await asyncio.to_thread(private_redis.start)

    assert (await failed_logins.reserve(one)).verdict is Verdict.GRANTED
    await failed_logins.close()
