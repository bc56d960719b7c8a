"""Buckets that all replicas share, in Redis, by Redis' clock."""

import asyncio
import hashlib
from importlib.resources import files
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from gateway.rate_limits.ports import BucketsUnavailable, Decision, Limit

DEFAULT_PREFIX: Final = "casare:bucket:"
DEFAULT_TIMEOUT_SECONDS: Final = 0.25
DEFAULT_MAX_IN_FLIGHT: Final = 32
_EXPIRY_MARGIN_MS: Final = 1000
"""A key outlives its use by this much, so that the bucket never expires before it is full."""

_SCRIPT: Final = files("gateway.rate_limits").joinpath("token_bucket.lua").read_text(encoding="utf-8")
_SCRIPT_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RedisBuckets:
    """`TokenBuckets` in Redis: one script, one round trip. Keys are `<prefix><limit>:<key>` and expire once full.

    Losing them, by FLUSHALL or a restart without persistence, gives each key one more burst and no more.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = DEFAULT_PREFIX,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_in_flight: int = DEFAULT_MAX_IN_FLIGHT,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._timeout_seconds = timeout_seconds
        # A burst of requests waits for a connection instead of exhausting the client's pool, which raises.
        self._in_flight = asyncio.Semaphore(max_in_flight)

    async def take(self, key: str, limit: Limit) -> Decision:
        """As `TokenBuckets.take`; waits `timeout_seconds` at most. Raises BucketsUnavailable."""
        try:
            async with asyncio.timeout(self._timeout_seconds), self._in_flight:
                allowed, full_in_us = await self._run_script(f"{self._prefix}{limit.name}:{key}", limit)
        except (RedisError, OSError) as error:
            raise BucketsUnavailable(f"rate limits are unavailable: {type(error).__name__}") from error
        return Decision.of(limit, allowed=bool(allowed), full_in_us=full_in_us)

    async def _run_script(self, key: str, limit: Limit) -> tuple[int, int]:
        arguments = (key, limit.token_us, limit.drained_us, _EXPIRY_MARGIN_MS)
        try:
            allowed, full_in_us = await self._client.evalsha(_SCRIPT_SHA, 1, *arguments)
        except NoScriptError:
            # Redis forgets scripts when it restarts or is told to; EVAL runs it and remembers it again.
            allowed, full_in_us = await self._client.eval(_SCRIPT, 1, *arguments)
        return allowed, full_in_us
