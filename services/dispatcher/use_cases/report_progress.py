"""A robot tells how far a job is."""

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.reports import Reporter
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from shared.jobs import Job
from shared.kernel.identity import Identity


class ReportProgress:
    """Records progress and renews the lease; the first report makes the job `running`."""

    def __init__(self, report: ReportOnJob) -> None:
        self._report = report

    async def __call__(
        self,
        *,
        caller: Identity,
        job_id: str,
        reporter: Reporter,
        percent: int,
        current_node: str | None,
        message: str | None,
    ) -> Job:
        """The job after the report. Raises `JobNotFound`, `NotHeld`, `Unavailable`."""
        reported = await self._report(
            caller=caller,
            job_id=job_id,
            reporter=reporter,
            verb="progress",
            decide=lambda job, now_ms: lifecycle.progress(
                job, percent=percent, current_node=current_node, message=message, now_ms=now_ms
            ),
        )
        return reported.job
