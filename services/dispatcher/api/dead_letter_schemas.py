"""Answers of the dead-letter routes (beyond.md, "Also needed")."""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from services.dispatcher.api.cursors import to_cursor
from services.dispatcher.domain.dead_letters import DeadLetterStats, DeadReason
from services.dispatcher.domain.page import Page
from services.dispatcher.use_cases.purge_dead_letters import Purge
from shared.jobs import Job, JobStatus
from shared.kernel.clock import to_datetime, to_optional_datetime

_ENTRY: Final[dict[str, Any]] = {
    "id": "job-12345",
    "job_id": "job-12345",
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "workflow_name": "Invoice Processing",
    "status": "failed",
    "reason": "attempts_exhausted",
    "error_type": "SELECTOR_NOT_FOUND",
    "error_message": "No element matches #total",
    "failed_node": "node-456",
    "robot_id": "robot-prod-001",
    "environment": "production",
    "priority": 10,
    "attempts": 3,
    "max_attempts": 3,
    "created_at": "2026-01-15T10:30:00Z",
    "ended_at": "2026-01-15T10:41:12Z",
}


class DeadLetterBody(BaseModel):
    """A job that ended without success and without a user's will."""

    id: str = Field(description="the same as `job_id`")
    job_id: str
    workflow_id: str
    workflow_name: str
    status: JobStatus
    reason: DeadReason
    error_type: str | None
    error_message: str | None
    failed_node: str | None
    robot_id: str | None
    environment: str
    priority: int
    attempts: int = Field(description="attempts that count; released ones do not")
    max_attempts: int
    created_at: datetime
    ended_at: datetime


class DeadLetterList(BaseModel):
    """One page, last ended first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"entries": [_ENTRY], "next_cursor": None}]})

    entries: list[DeadLetterBody]
    next_cursor: str | None = Field(description="where the next page begins; null: this was the last one")


class WorkflowCount(BaseModel):
    workflow_id: str
    workflow_name: str
    count: int


class DeadLetterStatsBody(BaseModel):
    """Figures over the tenant's dead letters."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "total": 3,
                    "counted": 3,
                    "by_reason": {"attempts_exhausted": 2, "timeout": 1},
                    "by_error_type": {"SELECTOR_NOT_FOUND": 2, "JOB_TIMEOUT": 1},
                    "by_workflow": [{"workflow_id": "w-1", "workflow_name": "Invoice Processing", "count": 3}],
                    "oldest_at": "2026-01-10T08:00:00Z",
                    "newest_at": "2026-01-15T10:41:12Z",
                }
            ]
        }
    )

    total: int
    counted: int = Field(description="how many the `by_…` figures cover: the newest 5000 at most")
    by_reason: dict[str, int]
    by_error_type: dict[str, int]
    by_workflow: list[WorkflowCount] = Field(description="the ten workflows with most")
    oldest_at: datetime | None
    newest_at: datetime | None


class DeleteDeadLetterResponse(BaseModel):
    """The entry is gone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "job-12345", "deleted": True}]})

    id: str
    deleted: bool = True


class PurgeResponse(BaseModel):
    """What was purged."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"purged": 12, "complete": True}]})

    purged: int
    complete: bool = Field(description="false: there are more that old; ask again")


def dead_letter_list(page: Page) -> DeadLetterList:
    """The page as users see it."""
    return DeadLetterList(entries=[_entry(job) for job in page.jobs], next_cursor=to_cursor(page.next_place))


def stats_body(stats: DeadLetterStats) -> DeadLetterStatsBody:
    """The figures as users see them."""
    workflows = [
        WorkflowCount(workflow_id=workflow_id, workflow_name=name, count=count)
        for workflow_id, name, count in stats.by_workflow
    ]
    return DeadLetterStatsBody(
        total=stats.total,
        counted=stats.n_counted,
        by_reason=stats.by_reason,
        by_error_type=stats.by_error_type,
        by_workflow=workflows,
        oldest_at=to_optional_datetime(stats.oldest_ms),
        newest_at=to_optional_datetime(stats.newest_ms),
    )


def purge_response(purge: Purge) -> PurgeResponse:
    """What was purged, as users see it."""
    return PurgeResponse(purged=purge.n_purged, complete=purge.is_complete)


def _entry(job: Job) -> DeadLetterBody:
    assert job.dead_reason is not None
    assert job.finished_ms is not None
    return DeadLetterBody(
        id=job.job_id,
        job_id=job.job_id,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        status=job.status,
        reason=DeadReason(job.dead_reason),
        error_type=job.error_type,
        error_message=job.error_message,
        failed_node=job.failed_node,
        robot_id=job.robot_id,
        environment=job.requirements.environment,
        priority=job.priority,
        attempts=job.attempts_used,
        max_attempts=job.max_attempts,
        created_at=to_datetime(job.created_ms),
        ended_at=to_datetime(job.finished_ms),
    )
