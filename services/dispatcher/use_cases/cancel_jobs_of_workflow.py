"""A workflow was deleted: its waiting jobs shall not run."""

import asyncio
from typing import Final

from services.dispatcher.domain import lifecycle
from services.dispatcher.ports import Jobs
from shared.kernel.clock import Clock

BATCH: Final = 200


class CancelJobsOfWorkflow:
    """Cancels pending jobs, those that wait for their time or a retry included; jobs with a robot finish.

    A repeat, or another replica at the same time, finds fewer jobs or none; of a job that a robot takes at the same
    moment, one of the two writes fails, and a lost cancellation is a job that runs.
    """

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def __call__(self, tenant_id: str, workflow_id: str, *, cancelled_by: str) -> int:
        """Cancel until none is left; returns how many jobs. Raises `Unavailable`; a repeat goes on."""
        n_cancelled = 0
        while pending := await self._jobs.pending_of(tenant_id, workflow_id, BATCH):
            now_ms = self._clock.now_ms()
            changes = [(job, lifecycle.cancel(job, cancelled_by=cancelled_by, now_ms=now_ms)) for job in pending]
            cancelled = await asyncio.gather(*(self._jobs.apply(job, change) for job, change in changes))
            n_cancelled += sum(job is not None for job in cancelled)
        return n_cancelled
