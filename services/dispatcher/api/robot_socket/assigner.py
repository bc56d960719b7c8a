"""Gives a connected robot its jobs the moment there are some; while there are none it costs nothing."""

import asyncio
import random
from typing import Final

import msgspec
import structlog

from services.dispatcher.api.robot_socket import answers
from services.dispatcher.api.robot_socket.connection import Connection
from services.dispatcher.api.robot_socket.held_jobs import AVOID_FULL_SECONDS, HeldJobs
from services.dispatcher.api.robot_socket.limits import Limits
from services.dispatcher.api.robot_socket.parts import SocketParts
from services.dispatcher.domain.errors import RobotNotFound
from services.dispatcher.domain.matching import Offer
from services.dispatcher.domain.reports import Reporter
from services.dispatcher.domain.robot import Robot
from services.dispatcher.use_cases.take_jobs import ClaimedJob, Wanted
from shared.kernel.errors import CasareError
from shared.kernel.identity import Identity
from shared.web.close_codes import CloseCode

LOOK_AGAIN_SECONDS: Final = (15.0, 20.0)
"""The safety net: so long a robot waits at most for a wake-up that was lost."""
AFTER_FAILURE_SECONDS: Final = (0.5, 1.5)
SETTLING_SECONDS: Final = (0.2, 1.0, 4.0)
"""When to look again after a job ended elsewhere: its slot is freed a moment after its event."""
MOST_REFUSALS: Final = 3
"""Jobs in a row for which the robot's document has no slot, before it is left alone for a moment."""

_log: Final = structlog.get_logger(__name__)


class Assigner:
    """Waits with an offer among the long polls, first come, first served, and claims as they do.

    A job is claimed under a short lease: it is the time the robot has to accept it. When this process dies before
    that, or the robot does not answer, the lease ends and the job returns to the queue, its attempt not counted.
    """

    def __init__(
        self,
        parts: SocketParts,
        caller: Identity,
        connection_id: str,
        connection: Connection,
        held: HeldJobs,
        limits: Limits,
    ) -> None:
        self._parts = parts
        self._caller = caller
        self._connection_id = connection_id
        self._connection = connection
        self._held = held
        self._limits = limits
        self._robot: Robot | None = None
        self._is_stale = False
        self._was_offered = False
        self._must_rest = False
        self._timed_out = False
        self._closed = False
        self._since = 0.0
        self._signal = asyncio.Event()

    def start(self, robot: Robot) -> None:
        """The robot, as it is now, may be given jobs."""
        self._robot = robot
        self._since = asyncio.get_running_loop().time()
        self._signal.set()

    def wake(self, *, settling: bool = False) -> None:
        """The robot's document changed: look at it anew; `settling`: and again a little later."""
        self._is_stale = True
        self._signal.set()
        for seconds in SETTLING_SECONDS if settling else ():
            asyncio.get_running_loop().call_later(seconds, self.wake)

    def close(self) -> None:
        """Nothing more is given out."""
        self._closed = True
        self._signal.set()

    async def run(self) -> None:
        """Give out jobs until closed."""
        while not self._is_closed:
            try:
                await self._fill()
            except CasareError as error:
                _log.warning("assigning_failed", reason=error.detail)
                self._must_rest = True
            except Exception:  # noqa: BLE001 - a robot that is given nothing any more would not notice
                _log.exception("assigning_crashed")
                self._must_rest = True
            if not self._is_closed:
                await self._wait()
        if self._was_offered and self._robot is not None:
            self._parts.index.pass_on(self._robot.profile)

    @property
    def _is_closed(self) -> bool:
        return self._closed or self._connection.is_over or self._connection.is_unread

    async def _fill(self) -> None:
        n_refused = 0
        while not self._is_closed:
            robot = await self._fresh()
            if robot is None or not self._may_take(robot):
                return self._pass_on()
            self._was_offered = False
            taken = await self._parts.use.take(robot, self._wanted(robot))
            if taken.refused_job_id is not None:
                n_refused += 1
                self._held.avoid(taken.refused_job_id, _now() + AVOID_FULL_SECONDS)
                asyncio.get_running_loop().call_later(AVOID_FULL_SECONDS + 0.05, self._signal.set)
                self._is_stale = True
                if n_refused >= MOST_REFUSALS:
                    self._must_rest = True
                    return None
            elif not taken.jobs:
                return None
            for claimed in taken.jobs:
                await self._assign(robot, claimed)
        return None

    async def _fresh(self) -> Robot | None:
        """The robot, read anew where it may have changed; ends the connection that is not the robot's own any more."""
        if not self._is_stale or self._robot is None:
            return self._robot
        self._is_stale = False
        try:
            robot = await self._parts.use.robot(caller=self._caller, robot_id=self._robot.robot_id)
        except RobotNotFound:
            self._connection.end(CloseCode.FORBIDDEN, "the robot was deleted")
            return None
        except CasareError:
            self._is_stale = True
            raise
        if robot.connection_id != self._connection_id:
            self._connection.end(CloseCode.REPLACED, "replaced")
            return None
        self._robot = robot
        return robot

    def _may_take(self, robot: Robot) -> bool:
        """A key that is limited to an environment must not be given another's jobs, whatever became of its robot."""
        return robot.takes_jobs and self._caller.environment in (None, robot.environment)

    def _wanted(self, robot: Robot) -> Wanted:
        return Wanted(
            profile=robot.profile,
            limit=1,
            lease_seconds=self._parts.rules.accept_seconds,
            offered=True,
            connection_id=self._connection_id,
            avoid=self._held.avoided(_now()),
            asks_refill=not self._timed_out,
        )

    async def _assign(self, robot: Robot, claimed: ClaimedJob) -> None:
        self._since = _now()
        self._robot = msgspec.structs.replace(robot, n_active=robot.n_active + 1)
        if not self._is_closed:
            self.send(claimed)
            return
        job = claimed.job
        await self._parts.use.withdraw(
            job_id=job.job_id,
            holder=Reporter(robot.robot_id, job.lease_token, job.attempt),
            offered_until_ms=job.lease_expires_ms,
            reason="its robot disconnected",
        )

    def send(self, claimed: ClaimedJob) -> None:
        """Send the job to the robot, which has to accept it."""
        self._held.offered(claimed.job, _now())
        self._limits.job_assigned()
        fields = answers.job_assign(claimed, accept_seconds=self._parts.rules.accept_seconds)
        n_bytes = len(claimed.workflow_json) + len(claimed.job.variables_json)
        self._connection.send("job_assign", fields, n_bytes=n_bytes)

    def _pass_on(self) -> None:
        if self._was_offered and self._robot is not None:
            self._was_offered = False
            self._parts.index.pass_on(self._robot.profile)

    async def _wait(self) -> None:
        """Until something happened. Only a robot that may take a job stands in line for one."""
        self._must_rest, is_tired = False, self._must_rest
        offer = None if is_tired else self._offer()
        seconds = random.uniform(*(AFTER_FAILURE_SECONDS if is_tired else LOOK_AGAIN_SECONDS))  # noqa: S311 - spreads
        self._timed_out = False
        try:
            await asyncio.wait_for(self._signal.wait(), seconds)
        except TimeoutError:
            self._timed_out = True
            self._is_stale = self._is_stale or (offer is None and self._robot is not None)
        finally:
            self._signal.clear()
            if offer is not None:
                self._parts.index.withdraw(offer)

    def _offer(self) -> Offer | None:
        robot = self._robot
        if robot is None or self._is_stale or not self._may_take(robot):
            return None
        offer = Offer(robot.profile, self._offered, self._since, self._held.avoided(_now()))
        self._parts.index.wait(offer)
        return offer

    def _offered(self) -> None:
        self._was_offered = True
        self._signal.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
