"""Requests with a definition, and the answer to a submission (contract, Workflow Endpoints)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.workflows.api.document_request import DefinitionText
from services.workflows.api.examples import EXAMPLE_DEFINITION, EXAMPLE_SUBMISSION
from services.workflows.domain.workflow import TriggerType
from services.workflows.use_cases.submit_workflow import Submission, Submitted
from services.workflows.use_cases.update_workflow import WorkflowChange
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

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_SUBMISSION]})

    workflow_name: Text = Field(min_length=1, max_length=255)
    workflow_json: DefinitionText = Field(description="the definition: an object with `nodes`, at most 1000 of them")
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


class UpdateWorkflowRequest(BaseModel):
    """A new version of a workflow. The same definition again makes none."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"workflow_json": EXAMPLE_DEFINITION, "expected_version": 1}]}
    )

    workflow_json: DefinitionText = Field(description="the definition: an object with `nodes`, at most 1000 of them")
    workflow_name: Text | None = Field(None, min_length=1, max_length=255, description="left as it is when absent")
    metadata: WorkflowMetadata | None = Field(None, description="replaces all metadata; left as they are when absent")
    expected_version: int | None = Field(
        None, strict=True, ge=1, description="the version the change is based on; 409 when another one is current"
    )

    def change(self) -> WorkflowChange:
        """The request as the use case takes it."""
        return WorkflowChange(
            workflow_json=self.workflow_json,
            name=self.workflow_name,
            metadata=None if self.metadata is None else self.metadata.as_sent(),
            description=None if self.metadata is None else self.metadata.description,
            expected_version=self.expected_version,
        )


class SubmissionResponse(BaseModel):
    """What became of a submission."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                    "job_id": "660e8400-e29b-41d4-a716-446655440001",
                    "schedule_id": None,
                    "status": "success",
                    "message": "Workflow submitted and queued for lan execution",
                    "created_at": "2026-01-15T10:30:00Z",
                }
            ]
        }
    )

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


def _message(submitted: Submitted) -> str:
    workflow = submitted.workflow
    if submitted.job_id is not None:
        return f"Workflow submitted and queued for {workflow.execution_mode} execution"
    if submitted.schedule is None:
        return "Workflow stored; it runs when its webhook is called"
    next_run_ms = submitted.schedule.next_run_ms
    return "Workflow scheduled" + ("" if next_run_ms is None else f": next run {iso_utc(next_run_ms)}")
