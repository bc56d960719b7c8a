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
