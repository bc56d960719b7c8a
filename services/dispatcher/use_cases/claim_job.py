"""A robot asks for work."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import structlog

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.dead_letters import DeadReason
from services.dispatcher.domain.matching import Candidate, CandidateIndex, Offer, RobotProfile
from services.dispatcher.domain.reports import report_key
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Definitions, Jobs, Robots, Tokens
from services.dispatcher.use_cases.find_job import find_robot, require_may_act_for
from shared.jobs import Job
from shared.jobs.definitions import DefinitionMissing
from shared.jobs.job import JobStatus
from shared.jobs.position import parse_position
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden, Invalid
from shared.kernel.identity import Identity

LOOK_AGAIN_SECONDS: Final = 2.0
"""A waiting robot looks again this often by itself, whatever became of the event that should have woken it."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a robot asks for."""

    robot_id: str | None
    environment: str | None
    limit: int
    lease_seconds: int
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job the robot now holds, with the workflow to run."""

    job: Job
    workflow_json: str


class ClaimJob:
    """Gives jobs to a robot: a slot on the robot first, then the job, each by a guarded update.

    The index only proposes. Ownership is the job's compare-and-set, and a robot never holds more than it may because
    its slot is taken before. A process that dies in between leaves a slot that the slot check frees, or a lease that
    ends by itself.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        robots: Robots,
        definitions: Definitions,
        index: CandidateIndex,
        clock: Clock,
        new_token: Tokens,
        refill: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._robots = robots
        self._definitions = definitions
        self._index = index
        self._clock = clock
        self._new_token = new_token
        self._refill = refill
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
        wanted = _profile(robot, request.environment)
        claimed = await self._claim_up_to(robot, wanted, request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + request.wait_seconds
        while not claimed and loop.time() < deadline and not abandoned.is_set() and not self._closing:
            seconds = min(deadline - loop.time(), LOOK_AGAIN_SECONDS)
            woken = await self._wait(wanted if robot.takes_jobs else None, seconds, abandoned)
            if abandoned.is_set():
                if woken:
                    self._index.wake_all()
                break
            robot = await find_robot(self._robots, caller, robot.robot_id)
            wanted = _profile(robot, request.environment)
            claimed = await self._claim_up_to(robot, wanted, request)
        return claimed

    async def _robot(self, caller: Identity, request: ClaimRequest) -> Robot:
        robot_id = request.robot_id or caller.robot_id
        if robot_id is None:
            raise Invalid.field("robot_id", "an enrolment key must name the robot it claims for")
        require_may_act_for(caller, robot_id)
        if caller.environment is not None and request.environment not in (None, caller.environment):
            raise Forbidden(f"This enrolment key is limited to environment '{caller.environment}'.")
        return await find_robot(self._robots, caller, robot_id)

    async def _claim_up_to(self, robot: Robot, wanted: RobotProfile, request: ClaimRequest) -> list[ClaimedJob]:
        claimed: list[ClaimedJob] = []
        while len(claimed) < request.limit and robot.takes_jobs:
            candidate = self._index.take_best(wanted)
            if candidate is None:
                self._refill()
                break
            outcome = await self._claim(robot, candidate, request.lease_seconds)
            if outcome is Full:
                break
            if isinstance(outcome, ClaimedJob):
                claimed.append(outcome)
        return claimed

    async def _claim(self, robot: Robot, candidate: Candidate, lease_seconds: int) -> "ClaimedJob | type[Full] | None":
        """The job, `Full` when the robot has no slot, or None when somebody else has the job."""
        token = self._new_token()
        now_ms = self._clock.now_ms()
        has_slot, job = await asyncio.gather(
            self._robots.take_slot(robot, candidate.job_id, token, now_ms), self._jobs.get(candidate.job_id)
        )
        if not has_slot:
            self._put_back(job)
            return Full
        claimed = None
        try:
            claimed = await self._take(robot, job, token, lease_seconds, now_ms)
        finally:
            if claimed is None:
                await self._robots.free_slot(robot.tenant_id, robot.robot_id, candidate.job_id, token)
        return claimed

    async def _take(
        self, robot: Robot, job: Job | None, token: str, lease_seconds: int, now_ms: int
    ) -> ClaimedJob | None:
        if job is None or not lifecycle.may_be_claimed(job, now_ms):
            return None
        try:
            workflow_json = await self._definitions.get(job.definition_id)
        except DefinitionMissing:
            workflow_json = None
        change = lifecycle.claim(
            job, robot_id=robot.robot_id, lease_token=token, lease_seconds=lease_seconds, now_ms=now_ms
        )
        held = await self._jobs.apply(job, change)
        if held is None:
            return None
        if workflow_json is None:
            await self._fail_without_definition(held)
            return None
        return ClaimedJob(held, workflow_json)

    async def _fail_without_definition(self, job: Job) -> None:
        """Handing out a job that cannot run, again and again, would block its queue."""
        _log.error("definition_missing", job_id=job.job_id, definition_id=job.definition_id)
        change = lifecycle.fail(
            job,
            error_message="The workflow's definition is not stored.",
            error_type=DefinitionMissing.code,
            failed_node=None,
            reason=DeadReason.NOT_RETRYABLE,
            report=report_key(job, "fail", JobStatus.FAILED),
            now_ms=self._clock.now_ms(),
        )
        await self._jobs.apply(job, change)

    def _put_back(self, job: Job | None) -> None:
        if job is not None and job.queue_position is not None:
            self._index.announce(parse_position(job.queue_position), job.requirements)

    async def _wait(self, wanted: RobotProfile | None, seconds: float, abandoned: asyncio.Event) -> bool:
        """Return when a candidate turned up (True), the time is over, or the caller is gone.

        A robot without a free slot (`wanted` None) makes no offer: it would be woken in another's place.
        """
        woken = asyncio.Event()
        offer = None if wanted is None else Offer(wanted, woken.set)
        if offer is not None:
            self._index.wait(offer)
        waits = [asyncio.create_task(event.wait()) for event in (woken, abandoned)]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if offer is not None:
                self._index.withdraw(offer)
            for wait in waits:
                wait.cancel()
        return woken.is_set()


class Full:
    """The robot holds as many jobs as it may."""


def _profile(robot: Robot, environment: str | None) -> RobotProfile:
    profile = robot.profile
    return profile if environment is None else replace(profile, environment=environment)
