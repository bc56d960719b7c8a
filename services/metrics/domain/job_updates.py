"""Jobs and their events as frames."""

from typing import Any, Final

import msgspec

from services.metrics.domain.activity import ActivityEntry, public_event_type
from services.metrics.domain.frames import JobState, JobUpdate
from shared.events import EVENT_TYPES
from shared.events.jobs import JobCompleted, JobEvent, JobSubmitted
from shared.jobs import Job
from shared.kernel.clock import iso_utc

JOB_EVENTS: Final = frozenset(
    public_event_type(name) for name, model in EVENT_TYPES.items() if issubclass(model, JobEvent)
)
"""The events that tell a job's state, in the public spelling."""

_COMPLETED: Final = public_event_type(JobCompleted.TYPE)
_TOLD: Final = frozenset(JobUpdate.__struct_fields__) - {"seq", "timestamp", "version", "event", "message", "progress"}
_LEFT_OUT: Final = {
    field.name: field.default
    for field in msgspec.structs.fields(JobSubmitted)
    if field.name in ("environment", "priority", "attempt")
}
"""What an event does not write out because it is the default."""


def update_of_entry(entry: ActivityEntry) -> JobUpdate:
    """The frame of a job's event."""
    data: dict[str, Any] = msgspec.json.decode(entry.data_json)
    told = {name: value for name, value in data.items() if name in _TOLD}
    return JobUpdate(
        seq=entry.seq,
        timestamp=iso_utc(entry.at_ms),
        version=entry.version,
        event=entry.event_type,
        progress=100 if entry.event_type == _COMPLETED else None,
        **{**_LEFT_OUT, **told},
    )


def progress_of(job: Job, seq: int, now_ms: int) -> JobUpdate:
    """The frame that tells how far a running job is."""
    return JobUpdate(
        seq=seq,
        timestamp=iso_utc(now_ms),
        job_id=job.job_id,
        status=job.status,
        version=job.version,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        robot_id=job.robot_id,
        environment=job.requirements.environment,
        priority=job.priority,
        attempt=job.attempt,
        progress=job.progress,
        current_node=job.current_node,
        message=job.progress_message,
    )


def state_of(job: Job) -> JobState:
    """The job as a snapshot has it."""
    return JobState(
        job_id=job.job_id,
        status=job.status,
        version=job.version,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        environment=job.requirements.environment,
        priority=job.priority,
        attempt=job.attempt,
        progress=job.progress,
        created_at=iso_utc(job.created_ms),
        robot_id=job.robot_id,
        current_node=job.current_node,
        message=job.progress_message,
        started_at=None if job.started_ms is None else iso_utc(job.started_ms),
    )
