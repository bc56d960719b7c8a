"""What a finished job contributes to the figures."""

from typing import Final

import msgspec

from services.metrics.domain.wire import check_envelope, require_identifier, require_moment
from shared.events import CloudEvent, MalformedEvent
from shared.events.jobs import JobCancelled, JobCompleted, JobFailed, JobFinished, JobTimedOut
from shared.jobs import Job, JobStatus
from shared.jobs.self_healing import bounded, healing_of

LONGEST_DURATION_MS: Final = 10 * 366 * 24 * 3_600_000
LONGEST_ERROR_TYPE: Final = 64
UNNAMED_ERROR: Final = "UNKNOWN"
TIMEOUT_ERROR: Final = "TIMEOUT"

TERMINAL_EVENTS: Final[dict[str, tuple[type[JobFinished], JobStatus]]] = {
    JobCompleted.TYPE: (JobCompleted, JobStatus.COMPLETED),
    JobFailed.TYPE: (JobFailed, JobStatus.FAILED),
    JobCancelled.TYPE: (JobCancelled, JobStatus.CANCELLED),
    JobTimedOut.TYPE: (JobTimedOut, JobStatus.TIMEOUT),
}


class JobFact(msgspec.Struct, frozen=True, kw_only=True):
    """How one job ended. A job ends once, so its id is the fact's."""

    job_id: str = msgspec.field(name="_id")
    tenant_id: str
    workflow_id: str
    workflow_name: str
    environment: str
    robot_id: str | None
    status: JobStatus
    finished_ms: int
    duration_ms: int | None
    """From the last claim to the end, never negative; None when the job never ran."""
    error_type: str | None
    healing_attempts: int = 0
    healing_successes: int = 0
    rolled_ms: int = 0
    """When the rollups had it; 0 until then."""


def fact_of(event: CloudEvent) -> JobFact:
    """The fact in a terminal job event, its status by the event's type. Raises `MalformedEvent`."""
    check_envelope(event)
    model, status = TERMINAL_EVENTS[event.type]
    data = event.data_as(model)
    _check(event, data)
    healing = bounded(data.healing_attempts, data.healing_successes)
    return JobFact(
        job_id=data.job_id,
        tenant_id=event.tenantid,
        workflow_id=data.workflow_id,
        workflow_name=data.workflow_name,
        environment=data.environment,
        robot_id=data.robot_id,
        status=status,
        finished_ms=data.finished_ms or event.timems,
        duration_ms=_duration(data.duration_ms),
        error_type=_error_type(status, data.error_type if isinstance(data, JobFailed) else None),
        healing_attempts=healing.attempts,
        healing_successes=healing.successes,
    )


def fact_of_job(job: Job, finished_ms: int) -> JobFact:
    """The same fact from the job itself, which has ended: what its terminal event says stands in its document too."""
    healing = healing_of(job, job.result_json)
    return JobFact(
        job_id=job.job_id,
        tenant_id=job.tenant_id,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        environment=job.requirements.environment,
        robot_id=job.robot_id,
        status=job.status,
        finished_ms=finished_ms,
        duration_ms=_duration(job.duration_ms),
        error_type=_error_type(job.status, job.error_type),
        healing_attempts=healing.attempts,
        healing_successes=healing.successes,
    )


def _check(event: CloudEvent, data: JobFinished) -> None:
    if data.job_id != event.subject:
        raise MalformedEvent(f"{event.type} {event.id}: its data are of another job than its subject")
    require_identifier(event, "job_id", data.job_id)
    if data.robot_id is not None:
        require_identifier(event, "robot_id", data.robot_id)
    require_moment(event, "finished_ms", data.finished_ms)
    if (data.duration_ms or 0) > LONGEST_DURATION_MS:
        raise MalformedEvent(f"{event.type} {event.id}: duration_ms is no duration")


def _duration(duration_ms: int | None) -> int | None:
    """Never negative, though two replicas' clocks may differ."""
    return None if duration_ms is None else max(0, duration_ms)


def _error_type(status: JobStatus, named: str | None) -> str | None:
    if status is JobStatus.TIMEOUT:
        return TIMEOUT_ERROR
    if status is JobStatus.FAILED:
        return (named or UNNAMED_ERROR)[:LONGEST_ERROR_TYPE]
    return None
