"""Checks of Redis: does it answer, run the buckets' script, and keep what it is given."""

import time
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from cli.doctor.findings import Check, Finding, State, without_credentials
from cli.doctor.surroundings import Surroundings
from gateway.rate_limits import Limit
from gateway.rate_limits.ports import BucketsUnavailable
from gateway.rate_limits.redis import RedisBuckets
from shared.kernel.ids import new_id

AREA: Final = "redis"
CONNECT_SECONDS: Final = 2.0
N_PINGS: Final = 5
SLOW_MS: Final = 20
_KEEPS: Final = "noeviction"


def checks(around: Surroundings) -> list[Check]:
    """All of this area."""

    async def look() -> Sequence[Finding]:
        if not around.redis_url:
            return [
                Finding(
                    AREA,
                    "reach",
                    State.SKIPPED,
                    "not used: limits and lockouts stay in the process (no CASARE_REDIS_URL)",
                )
            ]
        return await _of(around)

    return [Check(AREA, "reach", look)]


async def _of(around: Surroundings) -> Sequence[Finding]:
    client = Redis.from_url(
        around.redis_url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS, retry=None
    )
    async with client:
        try:
            return [await _ping(client), await _script(client, around.settings.redis_prefix), await _eviction(client)]
        except (AuthenticationError, NoPermissionError):
            advice = "Correct user and password in CASARE_REDIS_URL."
            return [Finding(AREA, "login", State.FAILED, "Redis refuses this user or password", advice)]
        except (RedisError, OSError) as error:
            detail = without_credentials(f"{type(error).__name__}: {error}")
            advice = "Start it, or correct CASARE_REDIS_URL. Until then nobody can log in; each gateway limits alone."
            return [Finding(AREA, "reach", State.FAILED, detail, advice)]


async def _ping(client: Redis) -> Finding:
    await _pong(client)  # connects
    times = []
    for _ in range(N_PINGS):
        sent = time.monotonic()
        await _pong(client)
        times.append((time.monotonic() - sent) * 1000)
    detail = f"answers in {median(times):.1f} ms"
    if median(times) > SLOW_MS:
        advice = (
            "Every request waits for it: bring it nearer. Beyond 250 ms, gateways fall back to buckets of their own."
        )
        return Finding(AREA, "reach", State.WARNING, detail, advice)
    return Finding(AREA, "reach", State.OK, detail)


async def _pong(client: Redis) -> None:
    answer: Any = client.ping()
    await answer


async def _script(client: Redis, prefix: str) -> Finding:
    """The gateway's own script on a bucket of its own, which is removed."""
    limit, key = Limit("doctor", 60), new_id()
    own = f"{prefix}bucket:"
    try:
        decision = await RedisBuckets(client, prefix=own, timeout_seconds=CONNECT_SECONDS).take(key, limit)
    except BucketsUnavailable as error:
        advice = "Scripts (EVAL, EVALSHA) must be allowed to this user."
        return Finding(AREA, "script", State.FAILED, error.detail, advice)
    finally:
        await client.delete(f"{own}{limit.name}:{key}")
    if not decision.allowed:
        return Finding(AREA, "script", State.FAILED, "a full bucket refused", "Look at Redis' log.")
    return Finding(AREA, "script", State.OK, "a rate limit was tried")


async def _eviction(client: Redis) -> Finding:
    try:
        memory = await client.info("memory")
    except ResponseError as error:
        return Finding(AREA, "eviction", State.SKIPPED, without_credentials(f"INFO is refused: {error}"))
    policy, most = str(memory.get("maxmemory_policy", "")), int(memory.get("maxmemory", 0))
    if most and policy != _KEEPS:
        advice = (
            "Evicted keys end lockouts and refill limits early: set maxmemory-policy noeviction, and watch its memory."
        )
        return Finding(AREA, "eviction", State.WARNING, f"{policy} at {most // 1_000_000} MB", advice)
    return Finding(
        AREA, "eviction", State.OK, f"{policy or 'not told'}, {'a limit is set' if most else 'no limit set'}"
    )
