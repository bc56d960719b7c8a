"""Puts waiting jobs into the queue when their time has come."""

import asyncio
from typing import Final

from services.dispatcher.domain import lifecycle
from services.dispatcher.ports import Jobs
from shared.kernel.clock import Clock

BATCH: Final = 500


class PromoteDueJobs:
    """Serves `run_at` and retry backoff. Replicas may run it at once."""

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def __call__(self) -> int:
        """Promote what is due now; returns how many jobs. Raises `Unavailable`."""
        due = await self._jobs.due(self._clock.now_ms(), BATCH)
        promoted = await asyncio.gather(*(self._jobs.apply(job, lifecycle.promote(job)) for job in due))
        return sum(job is not None for job in promoted)
