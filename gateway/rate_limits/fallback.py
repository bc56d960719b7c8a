"""Shared buckets while they answer, local ones while they do not."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from gateway.rate_limits.ports import BucketsUnavailable, Decision, Limit, TokenBuckets

DEFAULT_RETRY_SECONDS: Final = 2.0

_log = structlog.get_logger(__name__)


class FallbackBuckets:
    """`TokenBuckets` that never refuses service for want of Redis; for data routes only.

    After a failure the local buckets answer at once for `retry_seconds`; then one request tries the shared ones again,
    alone, while the others stay local. Meanwhile a key may use its limit once per replica, for each counts by itself.
    """

    def __init__(
        self,
        shared: TokenBuckets,
        local: TokenBuckets,
        *,
        retry_seconds: float = DEFAULT_RETRY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._local = local
        self._retry_seconds = retry_seconds
        self._monotonic = monotonic
        self._retry_at: float | None = None

    @property
    def degraded(self) -> bool:
        """Whether the shared buckets failed last and the local ones answer."""
        return self._retry_at is not None

    async def take(self, key: str, limit: Limit) -> Decision:
        """As `TokenBuckets.take`; never unavailable."""
        if not self._try_shared():
            return await self._local.take(key, limit)
        was_degraded = self.degraded
        try:
            decision = await self._shared.take(key, limit)
        except BucketsUnavailable as error:
            self._degrade(error)
            return await self._local.take(key, limit)
        # Not after a mere success: requests that were under way when the others failed say nothing about now.
        if was_degraded:
            self._restore()
        return decision

    def _try_shared(self) -> bool:
        if self._retry_at is None:
            return True
        if self._monotonic() < self._retry_at:
            return False
        # Put off for the others before the answer is known, and for good if this request is cancelled meanwhile.
        self._retry_at = self._monotonic() + self._retry_seconds
        return True

    def _degrade(self, error: BucketsUnavailable) -> None:
        if not self.degraded:
            _log.warning("rate_limits_degraded", reason=error.detail, retry_seconds=self._retry_seconds)
        self._retry_at = self._monotonic() + self._retry_seconds

    def _restore(self) -> None:
        _log.info("rate_limits_restored")
        self._retry_at = None
