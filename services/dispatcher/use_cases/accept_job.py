"""A robot accepts a job that was pushed to it."""

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.reports import Reporter
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from shared.jobs import Job
from shared.kernel.identity import Identity


class AcceptJob:
    """Makes the job `running` under the lease that heartbeats renew.

    Against the end of the offer the job's document decides: whichever is stored first holds, and a robot that comes
    too late is refused and told to stop.
    """

    def __init__(self, report: ReportOnJob, lease_seconds: int) -> None:
        self._report = report
        self._lease_seconds = lease_seconds

    async def __call__(
        self, *, caller: Identity, job_id: str, reporter: Reporter, lease_seconds: int | None = None
    ) -> Job:
        """The job afterwards, under the robot's `lease_seconds` or the usual ones; accepting again only renews the
        lease. Raises `JobNotFound`, `NotHeld`, `Unavailable`."""
        seconds = lease_seconds or self._lease_seconds
        reported = await self._report(
            caller=caller,
            job_id=job_id,
            reporter=reporter,
            verb="accept",
            decide=lambda job, now_ms: lifecycle.accept(job, lease_seconds=seconds, now_ms=now_ms),
        )
        return reported.job
