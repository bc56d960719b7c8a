"""Requests and answers of the routes that submit jobs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.workflows.api.schemas import Priority
from services.workflows.domain.run import WantedRun
from shared.jobs import MAX_ATTEMPTS_DEFAULT, TIMEOUT_SECONDS_DEFAULT, ExecutionMode, Job, JobStatus
from shared.kernel.clock import to_datetime, to_ms, to_optional_datetime
from shared.web.text import Identifier, Text

MAX_BATCH: Final = 1_000

Label = Annotated[Text, Field(min_length=1, max_length=128)]
Labels = Annotated[list[Label], Field(max_length=100)]

_REQUEST: Final[JsonDict] = {
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "variables": {"month": "2025-01"},
    "priority": 5,
    "required_capabilities": ["browser"],
    "timeout_seconds": 600,
}
_ANSWER: Final[JsonDict] = {
    "job_id": "660e8400-e29b-41d4-a716-446655440001",
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "workflow_name": "Invoice Processing",
    "workflow_version": 3,
    "status": "pending",
    "priority": 5,
    "environment": "default",
    "execution_mode": "lan",
    "created_at": "2025-01-15T10:30:00Z",
    "run_at": "2025-01-15T10:30:00Z",
    "deadline_at": None,
    "timeout_seconds": 600,
    "max_attempts": 3,
}


class RunRequest(BaseModel):
    """One run of a stored workflow."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REQUEST]})

    workflow_id: str = Field(max_length=64)
    version: int | None = Field(None, strict=True, ge=1, description="default: the current one")
    variables: dict[str, Any] = Field(default_factory=dict, description="at most 256 KiB of JSON, 64 levels deep")
    priority: Priority | None = Field(None, description="0 is the highest; default: the workflow's")
    environment: Identifier = Field("default", min_length=1, max_length=64)
    execution_mode: ExecutionMode | None = Field(None, description="default: the workflow's")
    required_capabilities: Labels = Field(default_factory=list, description="a robot must have all of them")
    required_tags: Labels = Field(default_factory=list, description="a robot must have all of them")
    robot_id: Identifier | None = Field(None, min_length=1, max_length=64, description="the only robot that may run it")
    run_at: AwareDatetime | None = Field(None, description="not before this time, at most a year ahead; default: now")
    deadline_at: AwareDatetime | None = Field(
        None, description="the job must have ended by then, waiting and retries included; else it times out"
    )
    timeout_seconds: int = Field(
        TIMEOUT_SECONDS_DEFAULT, strict=True, ge=1, le=86_400, description="how long one attempt may take"
    )
    max_attempts: int = Field(MAX_ATTEMPTS_DEFAULT, strict=True, ge=1, le=20)

    def wanted(self) -> WantedRun:
        """The request as the use case takes it."""
        return WantedRun(
            workflow_id=self.workflow_id,
            version=self.version,
            variables=self.variables,
            priority=self.priority,
            environment=self.environment,
            execution_mode=self.execution_mode,
            capabilities=tuple(self.required_capabilities),
            tags=tuple(self.required_tags),
            robot_id=self.robot_id,
            run_at_ms=None if self.run_at is None else to_ms(self.run_at),
            must_end_ms=None if self.deadline_at is None else to_ms(self.deadline_at),
            timeout_seconds=self.timeout_seconds,
            max_attempts=self.max_attempts,
        )


class RunBatchRequest(BaseModel):
    """Many runs, all or none of them accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"jobs": [_REQUEST]}]})

    jobs: list[RunRequest] = Field(min_length=1, max_length=MAX_BATCH)


class SubmittedJobResponse(BaseModel):
    """A job that was accepted."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})

    job_id: str
    workflow_id: str
    workflow_name: str
    workflow_version: int
    status: JobStatus
    priority: int
    environment: str
    execution_mode: str
    created_at: datetime
    run_at: datetime
    deadline_at: datetime | None
    timeout_seconds: int
    max_attempts: int

    @classmethod
    def of(cls, job: Job) -> "SubmittedJobResponse":
        """The answer about `job`."""
        return cls(
            job_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            workflow_version=job.workflow_version,
            status=job.status,
            priority=job.priority,
            environment=job.requirements.environment,
            execution_mode=job.requirements.execution_mode,
            created_at=to_datetime(job.created_ms),
            run_at=to_datetime(job.run_at_ms),
            deadline_at=to_optional_datetime(job.must_end_ms),
            timeout_seconds=job.timeout_seconds,
            max_attempts=job.max_attempts,
        )


class SubmittedBatchResponse(BaseModel):
    """The jobs of a batch, in the order of the request."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"jobs": [_ANSWER], "count": 1}]})

    jobs: list[SubmittedJobResponse]
    count: int

    @classmethod
    def of(cls, jobs: Iterable[Job]) -> "SubmittedBatchResponse":
        """The answer about `jobs`."""
        shown = [SubmittedJobResponse.of(job) for job in jobs]
        return cls(jobs=shown, count=len(shown))
