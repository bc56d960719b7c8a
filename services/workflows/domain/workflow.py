"""A workflow as it is stored."""

from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from shared.jobs import ExecutionMode
from shared.kernel.errors import NotFound

FIRST_VERSION: Final = 1


class TriggerType(StrEnum):
    """What makes a workflow run (contract, POST /workflows)."""

    MANUAL = "manual"
    """At once, when it is submitted."""
    SCHEDULED = "scheduled"
    """At the due times of its schedule."""
    WEBHOOK = "webhook"
    """When its webhook is called."""


class WorkflowNotFound(NotFound):
    """No such workflow in the caller's tenant."""

    code = "WORKFLOW_NOT_FOUND"


class WorkflowVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version; never changed once stored."""

    definition_id: str
    created_ms: int
    created_by: str
    n_nodes: int
    n_bytes: int


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow and all its versions. Times in epoch milliseconds; what users sent is kept as JSON text."""

    workflow_id: str = msgspec.field(name="_id")
    tenant_id: str
    version: int
    """Counts the changes of this document; guards every one of them."""
    name: str
    trigger_type: TriggerType
    execution_mode: ExecutionMode
    priority: int
    """Of the jobs its trigger starts."""
    description: str | None = None
    metadata_json: str = "{}"
    current_version: int = FIRST_VERSION
    versions: dict[str, WorkflowVersion]
    """By version number."""
    created_ms: int
    updated_ms: int

    @property
    def current(self) -> WorkflowVersion:
        """The version that runs."""
        return self.versions[str(self.current_version)]


def first_job_id(workflow_id: str) -> str:
    """The id of the job that a submission starts: fixed, so that a repeated submission finds the first one's."""
    return _derived_id(workflow_id, "job")


def first_schedule_id(workflow_id: str) -> str:
    """The id of the schedule that a submission makes, fixed for the same reason."""
    return _derived_id(workflow_id, "schedule")


def _derived_id(workflow_id: str, of_what: str) -> str:
    return str(uuid5(UUID(workflow_id), of_what))
