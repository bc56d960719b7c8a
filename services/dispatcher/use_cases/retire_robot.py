"""Gives the jobs of a deleted robot back to the queue."""

import asyncio
from typing import Final

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.errors import JobNotFound
from services.dispatcher.domain.reports import NotHeld, Reporter
from services.dispatcher.domain.robot import Robot
from services.dispatcher.domain.transitions import Change
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.change_job import change_job, free_slot_of
from shared.jobs import Job

REASON: Final = "its robot was deleted"


class RetireRobot:
    """Empties the slots that a deleted robot has kept.

    It runs right after the deletion, for the event `robot.deleted`, in the slot check, and before the robot registers
    again; as often as one likes and in all replicas at once. Each slot names the lease of its job, and only a job held
    under that lease is given back: not one that is finished, nor one that the robot took after it had registered anew.
    A slot whose job is not held under it stays: its claim may be under way. Once the claim is through, the next run
    takes the job back, and the slot check frees what stays a slot without a job.
    """

    def __init__(self, jobs: Jobs, robots: Robots) -> None:
        self._jobs = jobs
        self._robots = robots

    async def __call__(self, *, tenant_id: str, robot_id: str) -> int:
        """Give back what the robot, if it is deleted, still holds; returns how many jobs.

        Raises `LostRace`, `Unavailable`.
        """
        robot = await self._robots.deleted(tenant_id, robot_id)
        if robot is None:
            return 0
        held = robot.active.items()
        return sum(await asyncio.gather(*(self._give_back(robot, job_id, slot.token) for job_id, slot in held)))

    async def _give_back(self, robot: Robot, job_id: str, token: str) -> bool:
        job = await self._jobs.get(job_id)
        if job is None:
            return False
        holder = Reporter(robot.robot_id, token)
        try:
            before, _ = await change_job(self._jobs, job, lambda now: _returned(now, holder))
        except (NotHeld, JobNotFound):
            return False
        await free_slot_of(self._robots, before)
        return True


def _returned(job: Job, holder: Reporter) -> Change:
    """A release by the server: the attempt is not counted, and the robot's next lease call says to stop."""
    holder.require_holds(job)
    return lifecycle.withdraw(job, reason=REASON)
