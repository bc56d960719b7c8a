"""What became of a job, as a result or as an error."""

from typing import Any

from casare.errors import JobCancelled, JobFailed, JobTimedOut, UnexpectedAnswer
from casare.models import JobRecord


def outcome_of(record: JobRecord) -> dict[str, Any]:
    """The result of a completed job. Raises JobFailed, JobCancelled or JobTimedOut."""
    named = f"Job {record.job_id} of {record.workflow_name or record.workflow_id}"
    if record.status == "completed":
        return record.result or {}
    if record.status == "cancelled":
        raise JobCancelled(record, f"{named} was cancelled.")
    if record.status == "timeout":
        raise JobTimedOut(record, f"{named} took too long: {record.error_message or 'its time was over'}")
    if record.status == "failed":
        raise JobFailed(record, f"{named} failed{_where(record)}: {record.error_message or 'no reason was given'}")
    raise UnexpectedAnswer(f"{named} has not ended: it is {record.status}.")


def _where(record: JobRecord) -> str:
    node = f" at node {record.failed_node}" if record.failed_node else ""
    kind = f" with {record.error_type}" if record.error_type else ""
    tries = f" in attempt {record.attempt}" if record.attempt > 1 else ""
    return f"{tries}{node}{kind}"
