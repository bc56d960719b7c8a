"""Events of the workflows service."""

from typing import ClassVar

from shared.events.envelope import EventData


class WorkflowEvent(EventData, frozen=True):
    """What every workflow event carries."""

    SOURCE: ClassVar[str] = "workflows"

    workflow_id: str
    workflow_name: str
    version: int
    """The version that runs."""


class WorkflowCreated(WorkflowEvent, frozen=True):
    """A workflow's first version was stored."""

    TYPE: ClassVar[str] = "workflow.created"

    trigger_type: str
    created_by: str = ""


class WorkflowUpdated(WorkflowEvent, frozen=True):
    """A workflow got a new version, or another name or other metadata."""

    TYPE: ClassVar[str] = "workflow.updated"
    updated_by: str = ""


class WorkflowDeleted(WorkflowEvent, frozen=True):
    """A workflow is gone: its pending jobs are cancelled and its schedules removed; jobs that run finish."""

    TYPE: ClassVar[str] = "workflow.deleted"
    deleted_by: str = ""


class WebhookEvent(EventData, frozen=True):
    """Base of the events of webhooks. They never tell the token or the secret."""

    SOURCE: ClassVar[str] = "workflows"

    webhook_id: str
    workflow_id: str
    name: str


class WebhookCreated(WebhookEvent, frozen=True):
    """A webhook was made, by which deliveries start a workflow's jobs."""

    TYPE: ClassVar[str] = "webhook.created"

    created_by: str = ""


class WebhookDeleted(WebhookEvent, frozen=True):
    """A webhook was removed; deliveries to it are refused from now on."""

    TYPE: ClassVar[str] = "webhook.deleted"

    deleted_by: str = ""
