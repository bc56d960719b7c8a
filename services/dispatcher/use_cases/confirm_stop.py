"""A robot says that it has stopped a job."""

from typing import Final

from services.dispatcher.domain.reports import NotHeld, Reporter
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.fail_job import FailJob, Failure
from services.dispatcher.use_cases.find_job import find_job
from shared.jobs import Job, JobStatus
from shared.kernel.identity import Identity

STOPPED_BY_ROBOT: Final = "CANCELLED_BY_ROBOT"


class ConfirmStop:
    """Ends the telling: the robot's heartbeats name the job no more.

    A job that nobody told it to stop was stopped where the robot stands. It fails, and is not tried again by itself.
    """

    def __init__(self, jobs: Jobs, robots: Robots, fail: FailJob) -> None:
        self._jobs = jobs
        self._robots = robots
        self._fail = fail

    async def __call__(self, *, caller: Identity, robot_id: str, job_id: str, reporter: Reporter) -> JobStatus:
        """The job's state afterwards. Raises `JobNotFound`, `Unavailable`."""
        job = await find_job(self._jobs, caller, job_id)
        if reporter.holds(job):
            return await self._stopped_there(caller, job, reporter)
        await self.heard(caller=caller, robot_id=robot_id, job_id=job_id)
        return job.status

    async def heard(self, *, caller: Identity, robot_id: str, job_id: str) -> None:
        """The robot has ended its work on the job, however it says so. Raises `Unavailable`."""
        await self._robots.forget_cancelled(caller.tenant_id, robot_id, job_id)

    async def _stopped_there(self, caller: Identity, job: Job, reporter: Reporter) -> JobStatus:
        failure = Failure("The robot cancelled the job.", STOPPED_BY_ROBOT, None, retryable=False)
        try:
            return await self._fail(caller=caller, job_id=job.job_id, reporter=reporter, failure=failure)
        except NotHeld:  # it was cancelled or taken back at this moment
            return (await find_job(self._jobs, caller, job.job_id)).status
