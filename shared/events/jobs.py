"""Events of a job's life. `job.submitted` comes from whoever inserts the job, all others from the dispatcher."""

from typing import ClassVar

from shared.events.envelope import EventData


class JobEvent(EventData, frozen=True):
    """What every job event carries, so that a consumer needs no look-up."""

    SOURCE: ClassVar[str] = "dispatcher"

    job_id: str
    workflow_id: str
    workflow_name: str
    status: str
    environment: str = "default"
    priority: int = 10
    attempt: int = 0
    robot_id: str | None = None
    created_ms: int = 0


class JobQueuedEvent(JobEvent, frozen=True):
    """Base of the events after which a job can be claimed; carries what matching needs."""

    queue_position: str | None = None
    """The job's place in the queue's order; None while it waits for `run_at_ms`."""
    run_at_ms: int = 0
    execution_mode: str = "lan"
    required_capabilities: tuple[str, ...] = ()
    required_tags: tuple[str, ...] = ()
    required_robot_id: str | None = None


class JobSubmitted(JobQueuedEvent, frozen=True):
    """A job was accepted and stored."""

    TYPE: ClassVar[str] = "job.submitted"
    SOURCE: ClassVar[str] = "jobs"
    trigger: str = "manual"
    retry_of: str | None = None
    """The job that this one tries again."""


class JobDue(JobQueuedEvent, frozen=True):
    """A job that waited for its time may now be claimed."""

    TYPE: ClassVar[str] = "job.due"


class JobClaimed(JobEvent, frozen=True):
    """A robot was given the job and holds its lease."""

    TYPE: ClassVar[str] = "job.claimed"
    lease_expires_ms: int = 0


class JobStarted(JobEvent, frozen=True):
    """The robot reported first progress."""

    TYPE: ClassVar[str] = "job.started"
    started_ms: int = 0


class JobReleased(JobQueuedEvent, frozen=True):
    """The robot gave the job back; the attempt is not counted."""

    TYPE: ClassVar[str] = "job.released"
    reason: str = ""


class JobLeaseExpired(JobQueuedEvent, frozen=True):
    """The robot stopped renewing; the job is back in the queue."""

    TYPE: ClassVar[str] = "job.lease_expired"


class JobRetryScheduled(JobQueuedEvent, frozen=True):
    """The attempt failed and another one follows at `run_at_ms`."""

    TYPE: ClassVar[str] = "job.retry_scheduled"
    error_message: str = ""
    error_type: str | None = None


class JobFinished(JobEvent, frozen=True):
    """Base of the terminal events."""

    started_ms: int | None = None
    finished_ms: int = 0
    duration_ms: int | None = None
    """From the claim of the last attempt to its end; None when the job never ran."""
    healing_attempts: int = 0
    """How often robots tried to mend a broken step, in all attempts together (`shared/jobs/self_healing.py`)."""
    healing_successes: int = 0


class JobCompleted(JobFinished, frozen=True):
    """The robot finished the job."""

    TYPE: ClassVar[str] = "job.completed"


class JobFailed(JobFinished, frozen=True):
    """The job used up its attempts, or failed beyond retrying."""

    TYPE: ClassVar[str] = "job.failed"
    error_message: str = ""
    error_type: str | None = None
    failed_node: str | None = None


class JobCancelled(JobFinished, frozen=True):
    """A user cancelled the job."""

    TYPE: ClassVar[str] = "job.cancelled"
    cancelled_by: str = ""


class JobTimedOut(JobFinished, frozen=True):
    """The job ran longer than its `timeout_seconds`, or its deadline passed, waiting or running."""

    TYPE: ClassVar[str] = "job.timed_out"
    error_message: str = ""
    error_type: str | None = None


class JobDeadLetterRemoved(JobEvent, frozen=True):
    """A job is no dead letter any more; it stays in the history as it ended."""

    TYPE: ClassVar[str] = "job.dead_letter_removed"
    how: str = ""
    """`retried`, `deleted` or `purged`."""
    removed_by: str = ""
    new_job_id: str | None = None
    """The job that tries it again."""
