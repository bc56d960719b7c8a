"""What all reports of a robot share: who reports, is it a repeat, does it still hold the job."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.dispatcher.domain.reports import NotHeld, Reporter
from services.dispatcher.domain.transitions import Change
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.change_job import change_job, free_slot_of
from services.dispatcher.use_cases.find_job import find_job
from shared.events.robots import RobotLateReport
from shared.jobs import Job
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden
from shared.kernel.identity import Identity

_log = structlog.get_logger(__name__)

Decide = Callable[[Job, int], Change]
"""From the held job and the present time (epoch ms) to what the report does."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The job after a report; `first_outcome` is set when the report repeats an earlier one."""

    job: Job
    first_outcome: str | None = None


class ReportOnJob:
    """Applies a robot's report under its lease."""

    def __init__(self, jobs: Jobs, robots: Robots, clock: Clock) -> None:
        self._jobs = jobs
        self._robots = robots
        self._clock = clock

    async def __call__(
        self,
        *,
        caller: Identity,
        job_id: str,
        reporter: Reporter,
        verb: str,
        decide: Decide,
        repeat_of: str | None = None,
    ) -> Reported:
        """Apply the report; a repeat of the one that ended the attempt (`repeat_of`, default `verb`) changes nothing.

        When the robot's hold ends with it, its slot is freed; should the process die in between, the slot check does
        it. Raises `JobNotFound`, `NotHeld` (zombies: audited, nothing changed), `Unavailable`.
        """
        _require_proof(caller, reporter)
        job = await self._job(caller, job_id, reporter)
        try:
            before, after = await change_job(
                self._jobs, job, lambda now: self._decide(now, reporter, repeat_of or verb, decide)
            )
        except Repeated as repeat:
            return Reported(repeat.job, repeat.outcome)
        except NotHeld:
            await self._audit(caller, job, reporter, verb)
            raise
        if not after.is_leased:
            await free_slot_of(self._robots, before)
        return Reported(after)

    async def _job(self, caller: Identity, job_id: str, reporter: Reporter) -> Job:
        """The job as remembered where that says that the reporter holds it; else as it is stored now."""
        remembered = self._jobs.remembered(job_id)
        if remembered is not None and remembered.tenant_id == caller.tenant_id and reporter.holds(remembered):
            return remembered
        return await find_job(self._jobs, caller, job_id)

    def _decide(self, job: Job, reporter: Reporter, repeat_of: str, decide: Decide) -> Change:
        if not reporter.holds(job):
            outcome = reporter.repeats(job, repeat_of)
            if outcome is not None:
                raise Repeated(job, outcome)
        reporter.require_holds(job)
        return decide(job, self._clock.now_ms())

    async def _audit(self, caller: Identity, job: Job, reporter: Reporter, verb: str) -> None:
        _log.warning("late_report_refused", job_id=job.job_id, report=verb, robot_id=reporter.robot_id)
        robot_id = reporter.robot_id or job.robot_id
        if robot_id is None:
            return
        event = RobotLateReport(
            robot_id=robot_id,
            name=robot_id,
            environment=job.requirements.environment,
            status="",
            job_id=job.job_id,
            attempt=reporter.attempt,
            report=verb,
        )
        await self._robots.note(caller.tenant_id, robot_id, event, self._clock.now_ms())


class Repeated(Exception):
    """The report was made before; carries the job and the first answer."""

    def __init__(self, job: Job, outcome: str) -> None:
        super().__init__(outcome)
        self.job = job
        self.outcome = outcome


def _require_proof(caller: Identity, reporter: Reporter) -> None:
    """An enrolment key names no robot: it speaks for a job only with that job's lease token or a robot id."""
    if caller.kind == "robot" and reporter.robot_id is None and reporter.lease_token is None:
        raise Forbidden("An enrolment key must send the job's lease_token or its robot_id.")
