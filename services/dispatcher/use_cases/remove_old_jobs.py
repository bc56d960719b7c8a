"""Removes jobs that ended longer ago than they are kept."""

from typing import Final

from services.dispatcher.ports import Jobs
from shared.kernel.clock import Clock

SLICE: Final = 500
SLICES: Final = 20
"""Bounds one round; what is left is for the next."""


class RemoveOldJobs:
    """Retention. Safe in every replica at once, and beside everything else: an ended job without unpublished events
    that is no dead letter changes no more, so it is still removable when it is removed."""

    def __init__(self, jobs: Jobs, clock: Clock, keep_ms: int) -> None:
        self._jobs = jobs
        self._clock = clock
        self._keep_ms = keep_ms

    async def __call__(self) -> int:
        """How many jobs were removed. Raises `Unavailable`."""
        before_ms = self._clock.now_ms() - self._keep_ms
        n_removed = 0
        for _ in range(SLICES):
            n_slice = await self._jobs.remove_finished(before_ms, SLICE)
            n_removed += n_slice
            if n_slice < SLICE:
                break
        return n_removed
