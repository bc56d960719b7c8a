"""The execution history, as the contract has it. A field without a value is null."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.metrics.domain.history import begun_ms, duration_ms, node_execution
from shared.jobs import Job, JobStatus
from shared.kernel.clock import to_datetime, to_optional_datetime


class JobBody(BaseModel):
    """One line of the execution history."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "job-12345",
                    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                    "workflow_name": "Invoice Processing",
                    "robot_id": "robot-prod-001",
                    "status": "completed",
                    "progress": 100,
                    "created_at": "2025-01-15T10:29:58Z",
                    "started_at": "2025-01-15T10:30:00Z",
                    "completed_at": "2025-01-15T10:31:30Z",
                    "duration_ms": 90_000,
                    "error_message": None,
                }
            ]
        }
    )

    job_id: str
    workflow_id: str
    workflow_name: str
    robot_id: str | None
    status: JobStatus
    progress: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    error_message: str | None


class JobDetailBody(JobBody):
    """One job's execution; `node_execution` as its robot reported it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "job-12345",
                    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                    "workflow_name": "Invoice Processing",
                    "robot_id": "robot-prod-001",
                    "status": "completed",
                    "progress": 100,
                    "created_at": "2025-01-15T10:29:58Z",
                    "started_at": "2025-01-15T10:30:00Z",
                    "completed_at": "2025-01-15T10:31:30Z",
                    "duration_ms": 90_000,
                    "error_message": None,
                    "node_execution": [{"node_id": "node-1", "status": "completed", "duration_ms": 5_000}],
                }
            ]
        }
    )

    node_execution: list[dict[str, Any]]


def job_body(job: Job) -> JobBody:
    """A job's line in the history."""
    return JobBody(**_job_fields(job))


def job_detail_body(job: Job) -> JobDetailBody:
    """A job with what its nodes did."""
    return JobDetailBody(**_job_fields(job), node_execution=node_execution(job))


def _job_fields(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "workflow_id": job.workflow_id,
        "workflow_name": job.workflow_name,
        "robot_id": job.robot_id,
        "status": job.status,
        "progress": job.progress,
        "created_at": to_datetime(job.created_ms),
        "started_at": to_optional_datetime(begun_ms(job)),
        "completed_at": to_optional_datetime(job.finished_ms),
        "duration_ms": duration_ms(job),
        "error_message": job.error_message,
    }
