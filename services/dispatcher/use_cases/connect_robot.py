"""A robot registered on a socket: from now on that connection is its own."""

import asyncio
from dataclasses import dataclass

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.errors import LostRace
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.change_robot import ATTEMPTS
from services.dispatcher.use_cases.find_job import find_robot
from services.dispatcher.use_cases.take_jobs import ClaimedJob, TakeJobs
from shared.events.robots import RobotConnected
from shared.jobs import Job
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a robot finds when it is back."""

    robot: Robot
    accepted: list[Job]
    """Jobs it holds and works on."""
    offered: list[ClaimedJob]
    """Jobs that were pushed to it and that it has not accepted: they are to be sent again."""


class ConnectRobot:
    """Writes the connection into the robot's document, and finds what the robot holds.

    An earlier connection hears of it by the event, on whichever replica it is, and no claim for it succeeds any more:
    a claim for a connection is guarded by its id. So whatever was claimed for the earlier one is found here.
    """

    def __init__(self, jobs: Jobs, robots: Robots, take: TakeJobs, clock: Clock, accept_seconds: int) -> None:
        self._jobs = jobs
        self._robots = robots
        self._take = take
        self._clock = clock
        self._accept_seconds = accept_seconds

    async def __call__(self, *, caller: Identity, robot_id: str, connection_id: str) -> Resumed:
        """The robot and its jobs, under the new connection. Raises `RobotNotFound`, `LostRace`, `Unavailable`."""
        await self._connect(caller, robot_id, connection_id)
        robot = await find_robot(self._robots, caller, robot_id)
        slots = robot.active.items()
        found = await asyncio.gather(*(self._resume(job_id, slot.token) for job_id, slot in slots))
        accepted = [one for one in found if isinstance(one, Job)]
        return Resumed(robot, accepted, [one for one in found if isinstance(one, ClaimedJob)])

    async def _connect(self, caller: Identity, robot_id: str, connection_id: str) -> None:
        for _ in range(ATTEMPTS):
            robot = await find_robot(self._robots, caller, robot_id)
            if robot.connection_id == connection_id:
                return
            event = RobotConnected(
                robot_id=robot_id,
                name=robot.name,
                environment=robot.environment,
                status=RobotStatus.IDLE,
                connection_id=connection_id,
            )
            if await self._robots.change(robot, {"connection_id": connection_id}, event) is not None:
                return
        raise LostRace(f"Robot {robot_id} keeps changing; try again.")

    async def _resume(self, job_id: str, token: str) -> Job | ClaimedJob | None:
        """The job that the robot works on, or the offer, renewed; None when neither is the robot's any more.

        Decided anew where the job changed meanwhile: what the robot said on the earlier connection may be under way.
        """
        for _ in range(ATTEMPTS):
            job = await self._jobs.get(job_id)
            if job is None or not job.is_leased or job.lease_token != token:
                return None
            if not job.is_offered:
                return job
            workflow_json = await self._take.workflow_of(job)
            if workflow_json is None:  # its lease ends
                return None
            change = lifecycle.offer_again(job, lease_seconds=self._accept_seconds, now_ms=self._clock.now_ms())
            held = await self._jobs.apply(job, change)
            if held is not None:
                return ClaimedJob(held, workflow_json)
        raise LostRace(f"Job {job_id} keeps changing; try again.")
