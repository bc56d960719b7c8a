"""A robot asks for work."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

from services.dispatcher.domain.matching import CandidateIndex, Offer, RobotProfile
from services.dispatcher.domain.robot import Robot
from services.dispatcher.domain.turns import Turns
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.find_job import find_robot, require_may_act_for
from services.dispatcher.use_cases.take_jobs import ClaimedJob, TakeJobs, Wanted
from shared.kernel.errors import Forbidden, Invalid
from shared.kernel.identity import Identity

LOOK_AGAIN_SECONDS: Final = 2.0
"""A waiting robot looks again this often by itself, whatever became of the event that should have woken it."""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a robot asks for."""

    robot_id: str | None
    environment: str | None
    limit: int
    lease_seconds: int
    wait_seconds: float


class ClaimJob:
    """Answers a robot's call for jobs, at once or, as a long poll, when there is one.

    A robot that waits keeps its turn from look to look and from one call to the next, so that sockets, which wait
    without a break, do not get ahead of it.
    """

    def __init__(self, take: TakeJobs, robots: Robots, index: CandidateIndex) -> None:
        self._take = take
        self._robots = robots
        self._index = index
        self._turns = Turns()
        self._closing = False

    def close(self) -> None:
        """Send every waiting robot home; from now on nobody waits."""
        self._closing = True
        self._index.wake_all()

    async def __call__(self, *, caller: Identity, request: ClaimRequest, abandoned: asyncio.Event) -> list[ClaimedJob]:
        """Up to `limit` jobs, best first; empty when there is none within `wait_seconds`.

        Once `abandoned` is set nobody would receive the answer, so nothing more is claimed. Raises `ForeignRobot`,
        `RobotNotFound`, `Unavailable`.
        """
        robot = await self._robot(caller, request)
        wanted = Wanted(_profile(robot, request.environment), request.limit, request.lease_seconds)
        claimed = await self._claim(robot, wanted)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + request.wait_seconds
        while not claimed and loop.time() < deadline and not abandoned.is_set() and not self._closing:
            seconds = min(deadline - loop.time(), LOOK_AGAIN_SECONDS)
            woken = await self._wait(wanted.profile if robot.takes_jobs else None, seconds, abandoned)
            if abandoned.is_set():
                if woken:
                    self._index.pass_on(wanted.profile)
                break
            robot = await find_robot(self._robots, caller, robot.robot_id)
            wanted = replace(wanted, profile=_profile(robot, request.environment))
            claimed = await self._claim(robot, wanted)
            if woken and not claimed:
                self._index.pass_on(wanted.profile)
        return claimed

    async def _robot(self, caller: Identity, request: ClaimRequest) -> Robot:
        robot_id = request.robot_id or caller.robot_id
        if robot_id is None:
            raise Invalid.field("robot_id", "an enrolment key must name the robot it claims for")
        require_may_act_for(caller, robot_id)
        if caller.environment is not None and request.environment not in (None, caller.environment):
            raise Forbidden(f"This enrolment key is limited to environment '{caller.environment}'.")
        return await find_robot(self._robots, caller, robot_id)

    async def _claim(self, robot: Robot, wanted: Wanted) -> list[ClaimedJob]:
        taken = await self._take(robot, wanted)
        if taken.jobs:
            self._turns.served(robot.tenant_id, robot.robot_id)
        return taken.jobs

    async def _wait(self, wanted: RobotProfile | None, seconds: float, abandoned: asyncio.Event) -> bool:
        """Return when a candidate turned up (True), the time is over, or the caller is gone.

        A robot without a free slot (`wanted` None) makes no offer: it would be woken in another's place.
        """
        woken = asyncio.Event()
        offer = None if wanted is None else self._offer(wanted, woken)
        waits = [asyncio.create_task(event.wait()) for event in (woken, abandoned)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if offer is not None:
                self._index.withdraw(offer)
                self._turn_of(offer.robot)
            for wait in waits:
                wait.cancel()
        return woken.is_set()

    def _offer(self, wanted: RobotProfile, woken: asyncio.Event) -> Offer:
        offer = Offer(wanted, woken.set, since=self._turn_of(wanted))
        self._index.wait(offer)
        return offer

    def _turn_of(self, robot: RobotProfile) -> float:
        return self._turns.waits_since(robot.tenant_id, robot.robot_id, asyncio.get_running_loop().time())


def _profile(robot: Robot, environment: str | None) -> RobotProfile:
    profile = robot.profile
    return profile if environment is None else replace(profile, environment=environment)
