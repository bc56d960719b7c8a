"""Events of the workflows service."""

from typing import ClassVar

from shared.events.envelope import EventData


class WorkflowCreated(EventData, frozen=True):
    """A workflow's first version was stored."""

    TYPE: ClassVar[str] = "workflow.created"
    SOURCE: ClassVar[str] = "workflows"

    workflow_id: str
    workflow_name: str
    version: int
    trigger_type: str
    created_by: str = ""


class WorkflowDeleted(EventData, frozen=True):
    """A workflow is gone, with all its versions; what depends on it goes too."""

    TYPE: ClassVar[str] = "workflow.deleted"
    SOURCE: ClassVar[str] = "workflows"

    workflow_id: str
    workflow_name: str = ""
