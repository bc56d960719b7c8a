"""Jobs, their logs and their ends."""

from datetime import datetime
from typing import Any, Final

import msgspec

from casare.models.base import Model

ENDED: Final = frozenset({"completed", "failed", "cancelled", "timeout"})
"""The states that a job never leaves."""


class JobRecord(Model, frozen=True, kw_only=True):
    """A job as it was when it was read. Lists leave out `variables` and `result`: they are None there.

    `result` of a job that failed is what its robot told of the last attempt, for example `node_execution`.
    `status` is `pending`, `claimed`, `running`, `completed`, `failed`, `cancelled` or `timeout`.
    """

    job_id: str
    workflow_id: str
    workflow_name: str = ""
    workflow_version: int = 0
    status: str = "pending"
    priority: int = 10
    environment: str = "default"
    execution_mode: str = "lan"
    trigger: str = ""
    retry_of: str | None = None
    required_capabilities: list[str] = msgspec.field(default_factory=list)
    required_tags: list[str] = msgspec.field(default_factory=list)
    robot_id: str | None = None
    attempt: int = 0
    retry_count: int = 0
    max_attempts: int = 0
    timeout_seconds: int = 0
    progress: int = 0
    current_node: str | None = None
    message: str | None = None
    error_message: str | None = None
    error_type: str | None = None
    failed_node: str | None = None
    created_at: datetime
    created_by: str = ""
    run_at: datetime | None = None
    deadline_at: datetime | None = None
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    lease_expires_at: datetime | None = None
    duration_ms: int | None = None
    variables: dict[str, Any] | None = None
    result: dict[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the job will never change again."""
        return self.status in ENDED


class LogEntry(Model, frozen=True, kw_only=True):
    """A line of a job's log. `seq` counts the lines of the job."""

    seq: int
    timestamp: datetime
    level: str
    message: str
    node_id: str | None = None
    robot_id: str | None = None
    attempt: int = 0


class LogPage(Model, frozen=True, kw_only=True):
    """A page of a job's log."""

    items: list[LogEntry] = msgspec.field(name="logs")
    next_cursor: str | None = None
    resume_cursor: str | None = None


class JobPage(Model, frozen=True, kw_only=True):
    """A page of jobs, newest first."""

    items: list[JobRecord] = msgspec.field(name="jobs")
    next_cursor: str | None = None


class Batch(Model, frozen=True, kw_only=True):
    """The jobs of a batch, in the order in which they were submitted."""

    jobs: list[JobRecord]


class Cancellation(Model, frozen=True, kw_only=True):
    """What a cancellation did: `cancelled` is False when the job had ended before."""

    job_id: str
    cancelled: bool
    previous_status: str
    message: str = ""


class Retried(Model, frozen=True, kw_only=True):
    """The job that a retry made."""

    original_job_id: str
    new_job_id: str


class Lack(Model, frozen=True, kw_only=True):
    """What one robot lacks for a job."""

    robot_id: str
    missing: list[str]


class Reason(Model, frozen=True, kw_only=True):
    """One reason why a job is where it is; `code` as in the API guide, for example `MISSING_CAPABILITY`."""

    code: str
    message: str
    until: datetime | None = None
    missing: dict[str, int] | None = None
    robots: list[Lack] = msgspec.field(default_factory=list)


class RobotCounts(Model, frozen=True, kw_only=True):
    """How many robots there are for a job."""

    registered: int
    matching: int
    available: int


class Explanation(Model, frozen=True, kw_only=True):
    """Why a job waits, is held or has ended; the strongest reason first."""

    job_id: str
    status: str
    pending: bool
    reasons: list[Reason]
    robots: RobotCounts
    queue_ahead: int
