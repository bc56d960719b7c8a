"""Taking jobs from the queue for a robot: the one path of polls and pushes."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

import structlog

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.dead_letters import DeadReason
from services.dispatcher.domain.matching import Candidate, CandidateIndex, RobotProfile
from services.dispatcher.domain.reports import report_key
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Definitions, Jobs, Robots, Tokens
from shared.jobs import Job
from shared.jobs.definitions import DefinitionMissing
from shared.jobs.job import JobStatus
from shared.jobs.position import parse_position
from shared.kernel.clock import Clock

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job the robot now holds, with the workflow to run."""

    job: Job
    workflow_json: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs, how many, and under which lease."""

    profile: RobotProfile
    limit: int
    lease_seconds: int
    offered: bool = False
    """The robot did not ask: it has to accept each job."""
    connection_id: str | None = None
    """Where set, nothing is taken unless this is the robot's connection still."""
    avoid: Collection[str] = ()
    asks_refill: bool = True
    """Whether an empty index is a reason to read the store at once."""


@dataclass(slots=True)
class Taken:
    """What was taken; `refused_job_id` is a job for which the robot's document, as it is now, had no slot."""

    jobs: list[ClaimedJob] = field(default_factory=list)
    refused_job_id: str | None = None


class TakeJobs:
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

    async def __call__(self, robot: Robot, wanted: Wanted) -> Taken:
        """Up to `wanted.limit` jobs, best first. Does not wait when the index has none. Raises `Unavailable`."""
        taken = Taken()
        while len(taken.jobs) < wanted.limit and robot.takes_jobs:
            candidate = self._index.take_best(wanted.profile, wanted.avoid)
            if candidate is None:
                if wanted.asks_refill:
                    self._refill()
                break
            outcome = await self._claim(robot, candidate, wanted)
            if outcome is Full:
                taken.refused_job_id = candidate.job_id
                break
            if isinstance(outcome, ClaimedJob):
                taken.jobs.append(outcome)
        return taken

    async def _claim(self, robot: Robot, candidate: Candidate, wanted: Wanted) -> "ClaimedJob | type[Full] | None":
        """The job, `Full` when the robot has no slot, or None when somebody else has the job."""
        token = self._new_token()
        now_ms = self._clock.now_ms()
        slot = self._robots.take_slot(robot, candidate.job_id, token, now_ms, connection_id=wanted.connection_id)
        has_slot, job = await asyncio.gather(slot, self._jobs.get(candidate.job_id))
        if not has_slot:
            self._put_back(job)
            return Full
        claimed = None
        try:
            claimed = await self._take(robot, job, token, wanted, now_ms)
        finally:
            if claimed is None:
                await self._robots.free_slot(robot.tenant_id, robot.robot_id, candidate.job_id, token)
        return claimed

    async def _take(self, robot: Robot, job: Job | None, token: str, wanted: Wanted, now_ms: int) -> ClaimedJob | None:
        if job is None or not lifecycle.may_be_claimed(job, now_ms):
            return None
        workflow_json = await self.workflow_of(job)
        change = lifecycle.claim(
            job,
            robot_id=robot.robot_id,
            lease_token=token,
            lease_seconds=wanted.lease_seconds,
            now_ms=now_ms,
            offered=wanted.offered,
        )
        held = await self._jobs.apply(job, change)
        if held is None:
            return None
        if workflow_json is None:
            await self._fail_without_definition(held)
            return None
        return ClaimedJob(held, workflow_json)

    async def workflow_of(self, job: Job) -> str | None:
        """The job's workflow as JSON text; None when it is not stored."""
        try:
            return await self._definitions.get(job.definition_id)
        except DefinitionMissing:
            return None

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


class Full:
    """The robot holds as many jobs as it may."""
