"""Removes logs that were kept long enough."""

from typing import Final

from services.dispatcher.ports import JobLogs
from shared.kernel.clock import Clock

SLICE: Final = 500
SLICES_PER_RUN: Final = 20
"""What is left is removed in the next run, so that others get at the store in between."""


class RemoveOldLogs:
    """Removes batches received before the retention time. Replicas may run it at once: removing twice does nothing."""

    def __init__(self, logs: JobLogs, clock: Clock, keep_ms: int) -> None:
        self._logs = logs
        self._clock = clock
        self._keep_ms = keep_ms

    async def __call__(self) -> int:
        """Remove what is due now, in slices; returns how many batches. Raises `Unavailable`."""
        before_ms = self._clock.now_ms() - self._keep_ms
        n_removed = 0
        for _ in range(SLICES_PER_RUN):
            n_slice = await self._logs.remove_before(before_ms, SLICE)
            n_removed += n_slice
            if n_slice < SLICE:
                break
        return n_removed
