"""A robot gives a job back."""

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.reports import Reporter, report_key
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from shared.jobs import JobStatus
from shared.kernel.identity import Identity

VERB = "release"


class ReleaseJob:
    """Returns the job to the queue without counting the attempt."""

    def __init__(self, report: ReportOnJob) -> None:
        self._report = report

    async def __call__(self, *, caller: Identity, job_id: str, reporter: Reporter, reason: str = "") -> None:
        """Return the job; a repeat changes nothing. Raises `JobNotFound`, `NotHeld`, `Unavailable`."""
        await self._report(
            caller=caller,
            job_id=job_id,
            reporter=reporter,
            verb=VERB,
            decide=lambda job, _: lifecycle.release(
                job, reason=reason, report=report_key(job, VERB, JobStatus.PENDING)
            ),
        )
