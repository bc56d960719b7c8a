"""Request limits in force, and the buckets that count them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from gateway.rate_limits import Decision, FallbackBuckets, InProcessBuckets, Limit, RedisBuckets, TokenBuckets
from gateway.routing import Route, SocketRoute
from gateway.settings import ALL_BUCKETS, GatewaySettings
from shared.config import SettingsError
from shared.kernel.errors import RateLimited, Unavailable

BUCKET_PREFIX: Final = "bucket:"

Header = tuple[bytes, bytes]


LimitedT = TypeVar("LimitedT", Route, SocketRoute)


def refuse_unknown_buckets(routes: Iterable[Route | SocketRoute], settings: GatewaySettings) -> None:
    """Raise `SettingsError` when `CASARE_RATE_LIMITS` names a bucket that none of `routes` has."""
    known = {route.limit.name for route in routes if route.limit is not None} | {ALL_BUCKETS}
    unknown = sorted(settings.limit_overrides.keys() - known)
    if unknown:
        raise SettingsError(f"CASARE_RATE_LIMITS: no such bucket: {', '.join(unknown)}")


def limited(routes: Iterable[LimitedT], settings: GatewaySettings) -> Iterator[LimitedT]:
    """`routes` with the limits of `CASARE_RATE_LIMITS`."""
    overrides = settings.limit_overrides
    for route in routes:
        enforced = route.limit if settings.limits_enforced else None
        yield replace(route, limit=enforced and _overridden(enforced, overrides))


def _overridden(limit: Limit, overrides: Mapping[str, int]) -> Limit:
    per_minute = overrides.get(limit.name, overrides.get(ALL_BUCKETS))
    return limit if per_minute is None else replace(limit, capacity=per_minute)


class Buckets:
    """In-process buckets, or Redis' with in-process ones to fall back on."""

    def __init__(self, settings: GatewaySettings) -> None:
        url = settings.redis_url.get_secret_value()
        self._redis: Redis | None = Redis.from_url(url) if url else None
        self._fallback: FallbackBuckets | None = None
        self._buckets: TokenBuckets = InProcessBuckets()
        if self._redis is not None:
            shared = RedisBuckets(self._redis, prefix=f"{settings.redis_prefix}{BUCKET_PREFIX}")
            self._buckets = self._fallback = FallbackBuckets(shared, self._buckets)
        self.take = self._buckets.take

    @property
    def degraded(self) -> bool:
        """Whether Redis is lost and every replica counts by itself."""
        return self._fallback is not None and self._fallback.degraded

    async def check(self) -> None:
        """Return when buckets are shared as configured; raise `Unavailable` when Redis does not answer."""
        if self._redis is None:
            return
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            raise Unavailable("Redis is not reachable; every gateway counts by itself.") from error

    async def close(self) -> None:
        """Disconnect."""
        if self._redis is not None:
            await self._redis.aclose()


def headers_of(decision: Decision) -> list[Header]:
    """What every answer of a limited route carries (clarifications 9)."""
    return [
        (b"x-ratelimit-limit", b"%d" % decision.limit),
        (b"x-ratelimit-remaining", b"%d" % decision.remaining),
        (b"x-ratelimit-reset", b"%d" % decision.reset_seconds),
    ]


def refuse_if_empty(decision: Decision, limit: Limit) -> None:
    """Raise `RateLimited` unless the bucket had a token."""
    if not decision.allowed:
        raise RateLimited(f"Rate limit exceeded: {limit.capacity} requests per minute.", decision.retry_after_seconds)
