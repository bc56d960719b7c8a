"""Frees slots whose job is no longer held under them: what a process left behind that died between two writes."""

import asyncio
from typing import Final

import structlog

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.retire_robot import RetireRobot
from shared.kernel.clock import Clock

YOUNGEST_MS: Final = 30_000
"""A younger slot may belong to a claim that is still being made."""
BATCH: Final = 1_000

_log: Final = structlog.get_logger(__name__)


class FreeLostSlots:
    """Compares slots with jobs, and ends what a deletion left half done. Replicas may run it at once: freeing a slot
    twice changes nothing."""

    def __init__(self, jobs: Jobs, robots: Robots, retire: RetireRobot, clock: Clock) -> None:
        self._jobs = jobs
        self._robots = robots
        self._retire = retire
        self._clock = clock

    async def __call__(self) -> int:
        """Free lost slots; returns how many. Raises `Unavailable`."""
        robots = await self._robots.with_jobs(BATCH)
        return sum(await asyncio.gather(*(self._check(robot) for robot in robots)))

    async def _check(self, robot: Robot) -> int:
        if robot.is_deleted:
            await self._retire(tenant_id=robot.tenant_id, robot_id=robot.robot_id)
        oldest_ms = self._clock.now_ms() - YOUNGEST_MS
        old = {job_id: held for job_id, held in robot.active.items() if held.since_ms < oldest_ms}
        jobs = await asyncio.gather(*(self._jobs.get(job_id) for job_id in old))
        n_freed = 0
        for (job_id, held), job in zip(old.items(), jobs, strict=True):
            if job is not None and job.is_leased and job.lease_token == held.token:
                continue
            _log.warning("lost_slot_freed", robot_id=robot.robot_id, job_id=job_id)
            await self._robots.free_slot(robot.tenant_id, robot.robot_id, job_id, held.token)
            n_freed += 1
        return n_freed
