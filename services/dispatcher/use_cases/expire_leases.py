"""Takes jobs back from robots that stopped renewing, or that run them for too long."""

import asyncio
from collections.abc import Callable
from typing import Final

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.transitions import Change
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.change_job import free_slot_of
from shared.jobs import Job
from shared.kernel.clock import Clock

BATCH: Final = 200


class ExpireLeases:
    """The lease reaper. Replicas may run it at once: each job's guard lets one of them win."""

    def __init__(self, jobs: Jobs, robots: Robots, clock: Clock) -> None:
        self._jobs = jobs
        self._robots = robots
        self._clock = clock

    async def __call__(self) -> int:
        """Take back what is overdue now; returns how many jobs. Raises `Unavailable`."""
        now_ms = self._clock.now_ms()
        overdue = await self._jobs.past_deadline(now_ms, BATCH)
        n_timed_out = await self._end(overdue, lambda job: lifecycle.time_out(job, now_ms=now_ms), cancelled_ms=now_ms)
        expired = await self._jobs.with_expired_lease(now_ms, BATCH)
        n_expired = await self._end(expired, lambda job: lifecycle.expire(job, now_ms=now_ms))
        return n_timed_out + n_expired

    async def of_robot(self, tenant_id: str, robot_id: str, job_ids: list[str]) -> None:
        """Take back the jobs of a robot that is known to be gone, before their leases end."""
        now_ms = self._clock.now_ms()
        jobs = await asyncio.gather(*(self._jobs.get(job_id) for job_id in job_ids))
        held = [
            job
            for job in jobs
            if job is not None and job.is_leased and job.robot_id == robot_id and job.tenant_id == tenant_id
        ]
        await self._end(held, lambda job: lifecycle.expire(job, now_ms=now_ms))

    async def _end(self, jobs: list[Job], decide: Callable[[Job], Change], cancelled_ms: int | None = None) -> int:
        outcomes = await asyncio.gather(*(self._end_one(job, decide(job), cancelled_ms) for job in jobs))
        return sum(outcomes)

    async def _end_one(self, job: Job, change: Change, cancelled_ms: int | None) -> bool:
        """Losing the race means that the robot reported or renewed meanwhile: then nothing is to be done."""
        if await self._jobs.apply(job, change) is None:
            return False
        await free_slot_of(self._robots, job, cancelled_ms=cancelled_ms)
        return True
