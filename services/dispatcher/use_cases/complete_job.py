"""A robot finished a job."""

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.reports import Reporter, report_key
from services.dispatcher.domain.transitions import Change
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from shared.jobs import Job, JobStatus
from shared.kernel.identity import Identity

VERB = "complete"


class CompleteJob:
    """Stores the result and ends the job."""

    def __init__(self, report: ReportOnJob) -> None:
        self._report = report

    async def __call__(self, *, caller: Identity, job_id: str, reporter: Reporter, result_json: str) -> None:
        """End the job as completed; a repeat changes nothing and is answered alike.

        Raises `JobNotFound`, `NotHeld`, `Unavailable`.
        """

        def decide(job: Job, now_ms: int) -> Change:
            report = report_key(job, VERB, JobStatus.COMPLETED)
            return lifecycle.complete(job, result_json=result_json, report=report, now_ms=now_ms)

        await self._report(caller=caller, job_id=job_id, reporter=reporter, verb=VERB, decide=decide)
