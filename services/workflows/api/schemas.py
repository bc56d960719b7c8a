"""Requests and answers of the workflow routes (contract, Workflow Endpoints)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.workflows.domain.workflow import TriggerType, Workflow
from services.workflows.use_cases.submit_workflow import Submission, Submitted
from shared.jobs import ExecutionMode
from shared.kernel.clock import iso_utc, to_datetime
from shared.web.text import Text

Priority = Annotated[int, Field(strict=True, ge=0, le=20)]


class WorkflowMetadata(BaseModel, extra="allow"):
    """Whatever the caller wants to keep with the workflow."""

    description: Text | None = None

    def as_sent(self) -> dict[str, Any]:
        """The object of the request; not by `model_dump`, which refuses what is nested deep before we can say so."""
        declared = {name: getattr(self, name) for name in self.model_fields_set & type(self).model_fields.keys()}
        return {**declared, **(self.model_extra or {})}


class SubmitWorkflowRequest(BaseModel):
    """A workflow to run now, on a schedule, or on a webhook's call."""

    workflow_name: Text = Field(min_length=1, max_length=255)
    workflow_json: dict[str, Any] = Field(description="the definition: an object with `nodes`, at most 1000 of them")
    trigger_type: TriggerType = TriggerType.MANUAL
    execution_mode: ExecutionMode = ExecutionMode.LAN
    schedule_cron: str | None = Field(None, description="required when `trigger_type` is `scheduled`")
    priority: Priority = Field(10, description="0 is the highest")
    metadata: WorkflowMetadata | None = Field(None, description="`description` is shown with the workflow")

    def submission(self) -> Submission:
        """The request as the use case takes it."""
        metadata = self.metadata or WorkflowMetadata()
        return Submission(
            name=self.workflow_name,
            workflow_json=self.workflow_json,
            trigger_type=self.trigger_type,
            execution_mode=self.execution_mode,
            schedule_cron=self.schedule_cron,
            priority=self.priority,
            metadata=metadata.as_sent(),
            description=metadata.description,
        )


class SubmissionResponse(BaseModel):
    """What became of a submission."""

    workflow_id: str
    job_id: str | None
    schedule_id: str | None
    status: Literal["success"]
    message: str
    created_at: datetime
    webhook_id: str | None = None
    webhook_url: str | None = Field(None, description="for `trigger_type` `webhook`: where deliveries are posted")
    webhook_secret: str | None = Field(None, description="signs those deliveries; shown in this answer only")

    @classmethod
    def of(cls, submitted: Submitted) -> "SubmissionResponse":
        """The answer to a submission, as it may be kept: without the webhook's URL and secret."""
        return cls(
            workflow_id=submitted.workflow.workflow_id,
            job_id=submitted.job_id,
            schedule_id=None if submitted.schedule is None else submitted.schedule.schedule_id,
            status="success",
            message=_message(submitted),
            created_at=to_datetime(submitted.workflow.created_ms),
            webhook_id=None if submitted.webhook is None else submitted.webhook.webhook_id,
        )


class WorkflowSummary(BaseModel):
    """A workflow without its definition."""

    workflow_id: str
    workflow_name: str
    version: int
    description: str | None
    trigger_type: TriggerType
    execution_mode: ExecutionMode
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, workflow: Workflow) -> "WorkflowSummary":
        """The answer's part about the workflow itself."""
        return cls(
            workflow_id=workflow.workflow_id,
            workflow_name=workflow.name,
            version=workflow.current_version,
            description=workflow.description,
            trigger_type=workflow.trigger_type,
            execution_mode=workflow.execution_mode,
            created_at=to_datetime(workflow.created_ms),
            updated_at=to_datetime(workflow.updated_ms),
        )


class WorkflowResponse(WorkflowSummary):
    """A workflow with the definition of its current version."""

    workflow_json: dict[str, Any]


def _message(submitted: Submitted) -> str:
    workflow = submitted.workflow
    if submitted.job_id is not None:
        return f"Workflow submitted and queued for {workflow.execution_mode} execution"
    if submitted.schedule is None:
        return "Workflow stored; it runs when its webhook is called"
    next_run_ms = submitted.schedule.next_run_ms
    return "Workflow scheduled" + ("" if next_run_ms is None else f": next run {iso_utc(next_run_ms)}")
