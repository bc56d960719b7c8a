"""Trying a job again as a new one: ended jobs never change (clarifications 11)."""

from typing import Final

import msgspec

from shared.jobs import Job, JobStatus, NewJob
from shared.kernel.errors import Invalid

TRIGGER: Final = "retry"
RETRYABLE: Final = frozenset({JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT})


class JobNotRetryable(Invalid):
    """The job's status does not allow a retry (contract: 400)."""

    code = "JOB_NOT_RETRYABLE"


def require_retryable(job: Job) -> None:
    """Raise `JobNotRetryable` unless the job failed, was cancelled or timed out."""
    if job.status not in RETRYABLE:
        raise JobNotRetryable(
            f"Job {job.job_id} is {job.status.value}; only failed, cancelled or timeout can be retried."
        )


def resubmission(job: Job, *, new_job_id: str, requested_by: str, now_ms: int) -> NewJob:
    """The same work as `job` with all its attempts anew, due at once.

    A deadline in the past would end it at once, so it gets as long as the first one had from its submission.
    """
    return NewJob(
        tenant_id=job.tenant_id,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        workflow_version=job.workflow_version,
        definition_id=job.definition_id,
        priority=job.priority,
        requirements=job.requirements,
        variables=msgspec.json.decode(job.variables_json),
        trigger=TRIGGER,
        created_by=requested_by,
        max_attempts=job.max_attempts,
        timeout_seconds=job.timeout_seconds,
        must_end_ms=None if job.must_end_ms is None else now_ms + (job.must_end_ms - job.created_ms),
        retry_of=job.job_id,
        job_id=new_job_id,
    )
