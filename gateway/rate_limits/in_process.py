"""Buckets in the memory of one process, for one event loop."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from gateway.rate_limits.ports import Decision, Limit

DEFAULT_MAX_BUCKETS: Final = 100_000
_FORGOTTEN_PER_TAKE: Final = 4
_NS_PER_US: Final = 1000


class InProcessBuckets:
    """`TokenBuckets` that lives and dies with the process.

    At most `max_buckets` are kept. Full ones are forgotten, a few with each call so that none is slow. Beyond the bound
    the one used longest ago goes: a flood of made-up keys costs bounded memory, and only idle keys are freed early.
    """

    def __init__(
        self,
        *,
        max_buckets: int = DEFAULT_MAX_BUCKETS,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._full_at_us: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._max_buckets = max_buckets
        self._monotonic_ns = monotonic_ns

    def __len__(self) -> int:
        """How many buckets are kept."""
        return len(self._full_at_us)

    async def take(self, key: str, limit: Limit) -> Decision:
        """As `TokenBuckets.take`; never unavailable."""
        now_us = self._monotonic_ns() // _NS_PER_US
        self._forget_full(now_us)
        bucket = (limit.name, key)
        # Capped, so that a limit that was lowered does not make its buckets emptier than empty.
        full_in_us = min(max(self._full_at_us.get(bucket, now_us) - now_us, 0), limit.drained_us)
        allowed = full_in_us + limit.token_us <= limit.drained_us
        if allowed:
            full_in_us += limit.token_us
        self._keep(bucket, now_us + full_in_us)
        return Decision.of(limit, allowed=allowed, full_in_us=full_in_us)

    def _keep(self, bucket: tuple[str, str], full_at_us: int) -> None:
        self._full_at_us[bucket] = full_at_us
        self._full_at_us.move_to_end(bucket)
        if len(self._full_at_us) > self._max_buckets:
            self._full_at_us.popitem(last=False)

    def _forget_full(self, now_us: int) -> None:
        for _ in range(_FORGOTTEN_PER_TAKE):
            oldest = next(iter(self._full_at_us), None)
            if oldest is None or self._full_at_us[oldest] > now_us:
                return
            del self._full_at_us[oldest]
