"""Answers about stored workflows (contract, Workflow Endpoints)."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.workflows.api.examples import EXAMPLE_DEFINITION, EXAMPLE_SUMMARY
from services.workflows.domain.workflow import TriggerType, Workflow, WorkflowHead, WorkflowVersion
from services.workflows.use_cases.delete_workflow import Deletion
from services.workflows.use_cases.get_workflow import DefinedWorkflow
from shared.jobs import ExecutionMode
from shared.kernel.clock import to_datetime


class WorkflowSummary(BaseModel):
    """A workflow without its definition."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_SUMMARY]})

    workflow_id: str
    workflow_name: str
    version: int
    description: str | None
    trigger_type: TriggerType
    execution_mode: ExecutionMode
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, workflow: WorkflowHead, version: int | None = None) -> "WorkflowSummary":
        """The answer's part about the workflow itself, with its current version or the one named."""
        return cls(
            workflow_id=workflow.workflow_id,
            workflow_name=workflow.name,
            version=workflow.current_version if version is None else version,
            description=workflow.description,
            trigger_type=workflow.trigger_type,
            execution_mode=workflow.execution_mode,
            created_at=to_datetime(workflow.created_ms),
            updated_at=to_datetime(workflow.updated_ms),
        )


class WorkflowResponse(WorkflowSummary):
    """A workflow with the definition of a version, the current one unless another was asked for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE_SUMMARY, "workflow_json": EXAMPLE_DEFINITION}]}
    )

    workflow_json: dict[str, Any]


class WorkflowListResponse(BaseModel):
    """A page of workflows, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"workflows": [EXAMPLE_SUMMARY], "total": 1, "limit": 100, "offset": 0}]}
    )

    workflows: list[WorkflowSummary]
    total: int = Field(description="how many there are in all")
    limit: int
    offset: int


class VersionSummary(BaseModel):
    """A version without its definition."""

    version: int
    created_at: datetime
    created_by: str
    n_nodes: int
    size_bytes: int = Field(description="of the definition as compact JSON")

    @classmethod
    def of(cls, number: int, version: WorkflowVersion) -> "VersionSummary":
        """The answer's part about one version."""
        return cls(
            version=number,
            created_at=to_datetime(version.created_ms),
            created_by=version.created_by,
            n_nodes=version.n_nodes,
            size_bytes=version.n_bytes,
        )


class VersionListResponse(BaseModel):
    """All versions of a workflow, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                    "current_version": 1,
                    "versions": [
                        {
                            "version": 1,
                            "created_at": "2026-01-15T10:30:00Z",
                            "created_by": "admin",
                            "n_nodes": 2,
                            "size_bytes": 312,
                        }
                    ],
                    "total": 1,
                }
            ]
        }
    )

    workflow_id: str
    current_version: int
    versions: list[VersionSummary]
    total: int

    @classmethod
    def of(cls, workflow: Workflow) -> "VersionListResponse":
        """The answer about a workflow's versions."""
        numbers = sorted(map(int, workflow.versions), reverse=True)
        return cls(
            workflow_id=workflow.workflow_id,
            current_version=workflow.current_version,
            versions=[VersionSummary.of(number, workflow.numbered(number)) for number in numbers],
            total=len(numbers),
        )


class DeletedFrom(BaseModel):
    """Where a workflow was deleted."""

    database: Literal[True]
    filesystem: bool = Field(description="whether a workflow folder is configured and holds it no more")


class DeletionResponse(BaseModel):
    """A workflow that is gone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "success",
                    "message": "Workflow deleted: 550e8400-e29b-41d4-a716-446655440000",
                    "deleted_from": {"database": True, "filesystem": True},
                }
            ]
        }
    )

    status: Literal["success"]
    message: str
    deleted_from: DeletedFrom

    @classmethod
    def of(cls, deletion: Deletion) -> "DeletionResponse":
        """The answer to a deletion."""
        return cls(
            status="success",
            message=f"Workflow deleted: {deletion.workflow_id}",
            deleted_from=DeletedFrom(database=True, filesystem=deletion.from_folder),
        )


def workflow_response(found: DefinedWorkflow) -> Response:
    """A `WorkflowResponse`. The definition may be 50 MB: it goes out as the text it is stored as, never parsed."""
    summary = WorkflowSummary.of(found.workflow, found.version).model_dump(mode="json")
    answer = {**summary, "workflow_json": msgspec.Raw(found.definition_text.encode())}
    return Response(msgspec.json.encode(answer), media_type="application/json")
