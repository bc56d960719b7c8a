"""A robot could not finish a job."""

import random
from dataclasses import dataclass

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.reports import Reporter, report_key
from services.dispatcher.domain.retry import RetryPolicy, why_not_again
from services.dispatcher.domain.transitions import Change
from services.dispatcher.use_cases.report_on_job import ReportOnJob
from shared.jobs import Job, JobStatus
from shared.kernel.identity import Identity

VERB = "fail"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, as the robot tells it."""

    error_message: str
    error_type: str | None = None
    failed_node: str | None = None
    retryable: bool = True
    result_json: str | None = None
    """What the attempt came to before it failed, for example its `node_execution`."""


class FailJob:
    """Ends the attempt: the job waits for another, or fails."""

    def __init__(self, report: ReportOnJob, policy: RetryPolicy, jitter: random.Random) -> None:
        self._report = report
        self._policy = policy
        self._jitter = jitter

    async def __call__(self, *, caller: Identity, job_id: str, reporter: Reporter, failure: Failure) -> JobStatus:
        """The job's state afterwards: `pending` when another attempt follows, else `failed`.

        Raises `JobNotFound`, `NotHeld`, `Unavailable`.
        """
        reported = await self._report(
            caller=caller,
            job_id=job_id,
            reporter=reporter,
            verb=VERB,
            decide=lambda job, now_ms: self._decide(job, failure, now_ms),
        )
        return JobStatus(reported.first_outcome or reported.job.status)

    def _decide(self, job: Job, failure: Failure, now_ms: int) -> Change:
        run_at_ms = now_ms + self._policy.delay_ms(job.attempts_used, self._jitter.random())
        dead_reason = why_not_again(job, retryable=failure.retryable, run_at_ms=run_at_ms)
        if dead_reason is None:
            return lifecycle.retry(
                job,
                error_message=failure.error_message,
                error_type=failure.error_type,
                run_at_ms=run_at_ms,
                report=report_key(job, VERB, JobStatus.PENDING),
                result_json=failure.result_json,
            )
        return lifecycle.fail(
            job,
            error_message=failure.error_message,
            error_type=failure.error_type,
            failed_node=failure.failed_node,
            reason=dead_reason,
            report=report_key(job, VERB, JobStatus.FAILED),
            now_ms=now_ms,
            result_json=failure.result_json,
        )
