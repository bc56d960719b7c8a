"""A webhook as it is stored: by its URL and secret, others start a workflow's jobs."""

from typing import Final
from uuid import UUID, uuid5

import msgspec

from shared.jobs import ExecutionMode
from shared.kernel.errors import Conflict, NotFound, Unauthenticated

FIRST_VERSION: Final = 1
MAX_PER_WORKFLOW: Final = 100
"""Two requests at once may pass it by one: it bounds a list, nothing depends on it."""


class WebhookNotFound(NotFound):
    """No such webhook of this workflow in the caller's tenant."""

    code = "WEBHOOK_NOT_FOUND"


class WebhookLimitReached(Conflict):
    """The workflow has as many webhooks as it may have."""

    code = "WEBHOOK_LIMIT_REACHED"


class WebhookRefused(Unauthenticated):
    """A delivery that cannot be trusted. One answer for every reason, so that guessing a URL or a secret, and trying
    what the window is, teach nothing."""

    code = "WEBHOOK_REFUSED"

    def __init__(self) -> None:
        super().__init__("There is no such webhook, or the delivery's signature or timestamp is not valid.")


class DeliveryConflict(Conflict):
    """This delivery id came before with another body."""

    code = "DELIVERY_CONFLICT"

    def __init__(self) -> None:
        super().__init__("This delivery id was used before with another body.")


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. Times in epoch milliseconds. Its token and secret are not stored: they follow from its id."""

    webhook_id: str = msgspec.field(name="_id")
    tenant_id: str
    version: int
    """Counts the changes of this document; guards every one of them."""
    workflow_id: str
    name: str
    description: str | None = None
    priority: int | None = None
    """Of the jobs it starts; None for the workflow's own."""
    environment: str = "default"
    execution_mode: ExecutionMode | None = None
    """Of the jobs it starts; None for the workflow's own."""
    created_ms: int
    created_by: str
    updated_ms: int
    deleted_ms: int = 0
    """When it was deleted; 0 while it lives. The document stays a while, for its last event and for late repeats."""

    @property
    def actor(self) -> str:
        """Who submits the jobs of its deliveries."""
        return f"webhook:{self.webhook_id}"


def first_webhook_id(workflow_id: str) -> str:
    """The id of the webhook that a submission makes: fixed, so that a repeated submission finds it."""
    return str(uuid5(UUID(workflow_id), "webhook"))


def job_id_of_delivery(webhook_id: str, delivery_id: str) -> str:
    """The id of the job that a delivery starts: fixed, so that a repeated delivery finds it."""
    return str(uuid5(UUID(webhook_id), delivery_id))
