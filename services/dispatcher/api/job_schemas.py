"""Request and response bodies of the job routes (contract "Job Endpoints", beyond.md "Robot job endpoints")."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from services.dispatcher.api.examples import CLAIMED_JOB, FAILED_NODES, JOB, LEASE_TOKEN
from services.dispatcher.use_cases.take_jobs import ClaimedJob
from shared.jobs import Job, JobStatus
from shared.kernel.clock import to_datetime, to_optional_datetime
from shared.web.text import Text

MAX_RESULT_BYTES = 1_000_000

Seconds = Annotated[int, Field(ge=5, le=3600)]


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class ClaimBody(BaseModel):
    """A robot's request for work."""

    model_config = _example(limit=1, visibility_timeout_seconds=30, wait_seconds=20)

    environment: Text | None = Field(None, min_length=1, max_length=64, description="default: the robot's")
    limit: int = Field(1, ge=1, le=10)
    visibility_timeout_seconds: Seconds = Field(30, description="how long the lease lasts without renewal")
    wait_seconds: float = Field(0, ge=0, le=30, description="long poll: wait this long for a job")
    robot_id: Text | None = Field(None, min_length=1, max_length=64, description="for an enrolment key")


class LeaseProof(BaseModel):
    """What a report may carry to prove its lease; `X-Lease-Token` does as well."""

    lease_token: Text | None = Field(None, max_length=128)
    attempt: int | None = Field(None, ge=1)
    robot_id: Text | None = Field(None, min_length=1, max_length=64, description="for an enrolment key")


class ProgressBody(LeaseProof):
    """How far the job is."""

    model_config = _example(
        progress=75, current_node="node-456", message="Processing page 3 of 4", lease_token=LEASE_TOKEN
    )

    progress: int = Field(ge=0, le=100)
    current_node: Text | None = Field(None, max_length=255)
    message: Text | None = Field(None, max_length=2000)


class CompleteBody(LeaseProof):
    """The job's result."""

    model_config = _example(result={"invoices": 4}, lease_token=LEASE_TOKEN)

    result: dict[str, Any] = Field(default_factory=dict)


class FailBody(LeaseProof):
    """Why the attempt failed."""

    model_config = _example(
        error_message="Element '#submit' was not found",
        error_type="SELECTOR_NOT_FOUND",
        node_id="node-456",
        retryable=True,
        result={"node_execution": FAILED_NODES},
        lease_token=LEASE_TOKEN,
    )

    error_message: Text = Field(min_length=1, max_length=5000)
    error_type: Text | None = Field(None, max_length=128)
    node_id: Text | None = Field(None, max_length=255)
    retryable: bool = True
    result: dict[str, Any] | None = Field(
        None, description="what the attempt came to before it failed, for example `node_execution`"
    )


class ReleaseBody(LeaseProof):
    """Why the robot gives the job back."""

    model_config = _example(reason="The robot shuts down", lease_token=LEASE_TOKEN)

    reason: Text = Field("", max_length=500)


class ExtendBody(LeaseProof):
    """How long to keep the job."""

    model_config = _example(extension_seconds=60, lease_token=LEASE_TOKEN)

    extension_seconds: Seconds = 30


class ClaimedJobBody(BaseModel):
    """A job the robot now holds."""

    job_id: str
    workflow_id: str
    workflow_name: str
    workflow_json: str = Field(description="the workflow as a JSON string")
    priority: int
    environment: str
    variables: dict[str, Any]
    created_at: datetime
    claimed_at: datetime
    retry_count: int
    max_retries: int
    attempt: int
    lease_token: str
    lease_expires_at: datetime
    timeout_seconds: int


class ClaimResponse(ClaimedJobBody):
    """The first job's own fields, and all of them in `jobs`."""

    model_config = _example(**CLAIMED_JOB, jobs=[CLAIMED_JOB])

    jobs: list[ClaimedJobBody]


class ProgressResponse(BaseModel):
    model_config = _example(job_id="job-12345", progress=75, current_node="node-456")

    job_id: str
    progress: int
    current_node: str | None


class CompleteResponse(BaseModel):
    model_config = _example(job_id="job-12345", completed=True)

    job_id: str
    completed: bool = True


class FailResponse(BaseModel):
    model_config = _example(job_id="job-12345", status="pending")

    job_id: str
    status: JobStatus = Field(description="`pending` when another attempt follows, else `failed`")


class ReleaseResponse(BaseModel):
    model_config = _example(job_id="job-12345", released=True)

    job_id: str
    released: bool = True


class ExtendResponse(BaseModel):
    model_config = _example(
        job_id="job-12345", extended=True, lease_expires_at="2025-01-15T10:31:00Z", cancel_requested=False
    )

    job_id: str
    extended: bool = True
    lease_expires_at: datetime
    cancel_requested: bool = False


class CancelResponse(BaseModel):
    model_config = _example(
        job_id="job-12345", cancelled=True, previous_status="running", message="Job cancelled successfully"
    )

    job_id: str
    cancelled: bool
    previous_status: JobStatus
    message: str


class JobSummary(BaseModel):
    """A job as lists show it."""

    model_config = _example(**JOB)

    job_id: str
    workflow_id: str
    workflow_name: str
    workflow_version: int
    status: JobStatus
    priority: int
    environment: str
    execution_mode: str
    trigger: str
    retry_of: str | None = Field(description="the job that this one tries again")
    required_capabilities: list[str]
    required_tags: list[str]
    robot_id: str | None
    attempt: int
    retry_count: int
    max_attempts: int
    timeout_seconds: int
    progress: int
    current_node: str | None
    message: str | None
    error_message: str | None
    error_type: str | None
    failed_node: str | None
    created_at: datetime
    created_by: str
    run_at: datetime
    deadline_at: datetime | None = Field(description="when the whole job must have ended")
    claimed_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    lease_expires_at: datetime | None
    duration_ms: int | None


class JobBody(JobSummary):
    """A job as users see it."""

    variables: dict[str, Any]
    result: dict[str, Any] | None = Field(
        description="what the robot handed back; of an attempt that failed, what it told of it"
    )


def claimed_job_body(claimed: ClaimedJob) -> ClaimedJobBody:
    """The job object a robot receives."""
    job = claimed.job
    assert job.claimed_ms is not None
    assert job.lease_expires_ms is not None
    assert job.lease_token is not None
    return ClaimedJobBody.model_construct(
        job_id=job.job_id,
        workflow_id=job.workflow_id,
        workflow_name=job.workflow_name,
        workflow_json=claimed.workflow_json,
        priority=job.priority,
        environment=job.requirements.environment,
        variables=msgspec.json.decode(job.variables_json),
        created_at=to_datetime(job.created_ms),
        claimed_at=to_datetime(job.claimed_ms),
        retry_count=_retry_count(job),
        max_retries=job.max_attempts - 1,
        attempt=job.attempt,
        lease_token=job.lease_token,
        lease_expires_at=to_datetime(job.lease_expires_ms),
        timeout_seconds=job.timeout_seconds,
    )


def job_body(job: Job) -> JobBody:
    """The whole job."""
    return JobBody(
        **_summary_fields(job),
        variables=msgspec.json.decode(job.variables_json),
        result=None if job.result_json is None else msgspec.json.decode(job.result_json),
    )


def job_summary(job: Job) -> JobSummary:
    """The job without its variables and result."""
    return JobSummary(**_summary_fields(job))


def _summary_fields(job: Job) -> dict[str, Any]:
    needs = job.requirements
    return {
        "job_id": job.job_id,
        "workflow_id": job.workflow_id,
        "workflow_name": job.workflow_name,
        "workflow_version": job.workflow_version,
        "status": job.status,
        "priority": job.priority,
        "environment": needs.environment,
        "execution_mode": needs.execution_mode,
        "trigger": job.trigger,
        "retry_of": job.retry_of,
        "required_capabilities": list(needs.capabilities),
        "required_tags": list(needs.tags),
        "robot_id": job.robot_id,
        "attempt": job.attempt,
        "retry_count": _retry_count(job),
        "max_attempts": job.max_attempts,
        "timeout_seconds": job.timeout_seconds,
        "progress": job.progress,
        "current_node": job.current_node,
        "message": job.progress_message,
        "error_message": job.error_message,
        "error_type": job.error_type,
        "failed_node": job.failed_node,
        "created_at": to_datetime(job.created_ms),
        "created_by": job.created_by,
        "run_at": to_datetime(job.run_at_ms),
        "deadline_at": to_optional_datetime(job.must_end_ms),
        "claimed_at": to_optional_datetime(job.claimed_ms),
        "started_at": to_optional_datetime(job.started_ms),
        "completed_at": to_optional_datetime(job.finished_ms),
        "lease_expires_at": to_optional_datetime(job.lease_expires_ms),
        "duration_ms": job.duration_ms,
    }


def _retry_count(job: Job) -> int:
    return max(0, job.attempts_used - 1)
