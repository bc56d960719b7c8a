"""A user wants to know why a job is not running."""

import asyncio
from typing import Final

from services.dispatcher.domain.explain import Explanation, Fleet, explain
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.find_job import find_job
from shared.jobs import Job
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity

MOST_AHEAD: Final = 1_000
"""Beyond this the exact number matters to nobody and would cost a long read."""


class ExplainJob:
    """Compares the job with the fleet as both are stored now."""

    def __init__(self, jobs: Jobs, robots: Robots, clock: Clock, offline_after_ms: int) -> None:
        self._jobs = jobs
        self._robots = robots
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self, *, caller: Identity, job_id: str) -> Explanation:
        """The explanation. Raises `JobNotFound`, `Unavailable`."""
        job = await find_job(self._jobs, caller, job_id)
        robots, n_ahead = await asyncio.gather(self._robots.find(caller.tenant_id, None), self._count_ahead(job))
        return explain(job, Fleet(robots, self._clock.now_ms(), self._offline_after_ms), n_ahead)

    async def _count_ahead(self, job: Job) -> int:
        if job.queue_position is None:
            return 0
        return await self._jobs.count_before(job.queue_position, MOST_AHEAD)
