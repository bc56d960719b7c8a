"""Jobs that used up their attempts."""

from datetime import datetime

import msgspec

from casare.models.base import Model


class DeadLetter(Model, frozen=True, kw_only=True):
    """A job that failed or timed out. `reason`: `attempts_exhausted`, `not_retryable`, `timeout` or `deadline`."""

    id: str
    job_id: str
    workflow_id: str
    workflow_name: str
    status: str
    reason: str
    error_type: str | None = None
    error_message: str | None = None
    failed_node: str | None = None
    robot_id: str | None = None
    environment: str = "default"
    priority: int = 10
    attempts: int = 0
    max_attempts: int = 0
    created_at: datetime
    ended_at: datetime


class DeadLetterPage(Model, frozen=True, kw_only=True):
    """A page of dead letters."""

    items: list[DeadLetter] = msgspec.field(name="entries")
    next_cursor: str | None = None


class WorkflowCount(Model, frozen=True, kw_only=True):
    """How many of something one workflow has."""

    workflow_id: str
    workflow_name: str
    count: int


class DeadLetterStats(Model, frozen=True, kw_only=True):
    """Dead letters by what they have in common; `counted` of the `total` were looked at."""

    total: int
    counted: int
    by_reason: dict[str, int]
    by_error_type: dict[str, int]
    by_workflow: list[WorkflowCount]
    oldest_at: datetime | None = None
    newest_at: datetime | None = None


class Purge(Model, frozen=True, kw_only=True):
    """How many dead letters a call removed, and whether none is left to remove."""

    purged: int
    complete: bool
