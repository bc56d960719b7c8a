"""A workflow as it is stored."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from services.workflows.domain.limits import MAX_VERSIONS
from shared.jobs import ExecutionMode
from shared.kernel.errors import Conflict, NotFound

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


class VersionNotFound(NotFound):
    """The workflow has no such version."""

    code = "WORKFLOW_VERSION_NOT_FOUND"


class VersionConflict(Conflict):
    """The current version is not the one the caller expects."""

    code = "WORKFLOW_VERSION_CONFLICT"


class TooManyVersions(Conflict):
    """The workflow has as many versions as it may have."""

    code = "TOO_MANY_WORKFLOW_VERSIONS"


class WorkflowVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version; never changed once stored."""

    definition_id: str
    created_ms: int
    created_by: str
    n_nodes: int
    n_bytes: int


class WorkflowHead(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of a workflow. Times in epoch milliseconds."""

    workflow_id: str = msgspec.field(name="_id")
    name: str
    trigger_type: TriggerType
    execution_mode: ExecutionMode
    description: str | None = None
    current_version: int = FIRST_VERSION
    created_ms: int
    updated_ms: int


class Workflow(WorkflowHead, frozen=True, kw_only=True):
    """A workflow and all its versions; what users sent is kept as JSON text."""

    tenant_id: str
    version: int
    """Counts the changes of this document; guards every one of them."""
    priority: int
    """Of the jobs its trigger starts."""
    metadata_json: str = "{}"
    versions: dict[str, WorkflowVersion]
    """By version number."""

    @property
    def current(self) -> WorkflowVersion:
        """The version that runs."""
        return self.versions[str(self.current_version)]

    def numbered(self, number: int) -> WorkflowVersion:
        """The version of this number. Raises VersionNotFound."""
        version = self.versions.get(str(number))
        if version is None:
            raise VersionNotFound(f"Workflow {self.workflow_id} has no version {number}.")
        return version


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a change asks for; None leaves a part as it is."""

    version: WorkflowVersion
    name: str | None = None
    metadata_json: str | None = None
    description: str | None = None
    """Of the metadata; counts only with them."""
    expected_version: int | None = None


def revised(workflow: Workflow, revision: Revision) -> Workflow:
    """`workflow` after the change, or itself when the change asks for what is there already.

    A version is made only for another definition: name and metadata are the workflow's, not a version's. Raises
    VersionConflict, TooManyVersions.
    """
    expected = revision.expected_version
    if expected is not None and expected != workflow.current_version:
        raise VersionConflict(f"The current version is {workflow.current_version}, not {expected}.")
    changed = _with_definition(workflow, revision.version)
    if revision.name is not None:
        changed = msgspec.structs.replace(changed, name=revision.name)
    if revision.metadata_json is not None:
        changed = msgspec.structs.replace(
            changed, metadata_json=revision.metadata_json, description=revision.description
        )
    if changed == workflow:
        return workflow
    return msgspec.structs.replace(changed, version=workflow.version + 1, updated_ms=revision.version.created_ms)


def _with_definition(workflow: Workflow, version: WorkflowVersion) -> Workflow:
    if version.definition_id == workflow.current.definition_id:
        return workflow
    if len(workflow.versions) >= MAX_VERSIONS:
        raise TooManyVersions(f"The workflow has {MAX_VERSIONS} versions; delete it and submit it anew.")
    number = workflow.current_version + 1
    return msgspec.structs.replace(
        workflow, current_version=number, versions={**workflow.versions, str(number): version}
    )


def first_job_id(workflow_id: str) -> str:
    """The id of the job that a submission starts: fixed, so that a repeated submission finds the first one's."""
    return _derived_id(workflow_id, "job")


def first_schedule_id(workflow_id: str) -> str:
    """The id of the schedule that a submission makes, fixed for the same reason."""
    return _derived_id(workflow_id, "schedule")


def _derived_id(workflow_id: str, of_what: str) -> str:
    return str(uuid5(UUID(workflow_id), of_what))
