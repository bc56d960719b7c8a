"""Counts of failed logins that all replicas share, in Redis, by Redis' clock."""

import asyncio
import hashlib
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.auth.domain.lockout import BUSY_RETRY_MS, Admission, Attempt, LockoutPolicy, Verdict
from shared.kernel.errors import Unavailable

TIMEOUT_SECONDS: Final = 1.0
MAX_CONNECTIONS: Final = 8


class LockoutUnavailable(Unavailable):
    """Failed logins cannot be counted, so nobody is let in."""

    code = "LOGIN_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("Logins are not possible at the moment. Try again.")


def lockout_client(url: str) -> Redis:
    """A client for `RedisFailedLogins`: a connection gone stale is tried once more, and no call waits long.

    Logins that come at once share a few connections: opening one costs far more than a call.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), retries=1),
    )
    return Redis.from_pool(pool)


class RedisFailedLogins:
    """`FailedLogins` in Redis: one script, one round trip. Keys hold digests of names and addresses, and expire.

    After FLUSHALL or a loss of memory, counting begins anew: at most one more window of guesses (faults 11).
    """

    def __init__(self, client: Redis, policy: LockoutPolicy, *, prefix: str) -> None:
        self._client = client
        self._policy = policy
        self._prefix = prefix
        self._reserve = client.register_script(_script("reserve_attempt.lua"))
        self._fail = client.register_script(_script("fail_attempt.lua"))

    async def reserve(self, attempt: Attempt) -> Admission:
        arguments = self._arguments(attempt, BUSY_RETRY_MS)
        verdict, retry_after_ms = await self._call(lambda: self._reserve(self._keys(attempt), arguments))
        return Admission(Verdict(verdict), retry_after_ms)

    async def fail(self, attempt: Attempt) -> None:
        arguments = self._arguments(attempt, self._policy.lock_ms)
        await self._call(lambda: self._fail(self._keys(attempt), arguments))

    async def forgive(self, attempt: Attempt) -> None:
        address, _, account, _ = self._keys(attempt)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.zrem(address, f"p{attempt.id}")
            pipeline.zrem(account, f"p{attempt.id}")
            await self._call(pipeline.execute)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def _call(self, command: Callable[[], Any]) -> Any:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await command()
        except (RedisError, OSError) as error:
            raise LockoutUnavailable from error

    def _arguments(self, attempt: Attempt, duration_ms: int) -> list[str | int]:
        return [attempt.id, self._policy.max_failures, self._policy.window_ms, duration_ms]

    def _keys(self, attempt: Attempt) -> list[str]:
        address = f"{self._prefix}{{logins}}:address:{_digest(attempt.address)}"
        account = f"{self._prefix}{{logins}}:account:{_digest(attempt.account)}"
        return [f"{address}:attempts", f"{address}:lock", f"{account}:attempts", f"{account}:lock"]


def _script(name: str) -> str:
    return files("services.auth.adapters").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Bounds the key's length and keeps names out of Redis."""
    return hashlib.sha256(text.encode()).hexdigest()
