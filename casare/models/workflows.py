"""Workflows, their versions and webhooks."""

from datetime import datetime
from typing import Any

import msgspec

from casare.models.base import Model


class WorkflowSummary(Model, frozen=True, kw_only=True):
    """A workflow without its definition, as in lists."""

    workflow_id: str
    workflow_name: str
    version: int
    description: str | None = None
    trigger_type: str = "manual"
    execution_mode: str = "lan"
    created_at: datetime
    updated_at: datetime


class Workflow(WorkflowSummary, frozen=True, kw_only=True):
    """A workflow with the definition of one version."""

    workflow_json: dict[str, Any]


class WorkflowPage(Model, frozen=True, kw_only=True):
    """Workflows, newest first."""

    items: list[WorkflowSummary] = msgspec.field(name="workflows")
    total: int


class WorkflowVersion(Model, frozen=True, kw_only=True):
    """One version of a workflow."""

    version: int
    created_at: datetime
    created_by: str
    n_nodes: int
    size_bytes: int


class Versions(Model, frozen=True, kw_only=True):
    """All versions of a workflow."""

    workflow_id: str
    current_version: int
    versions: list[WorkflowVersion]


class Submission(Model, frozen=True, kw_only=True):
    """What became of a submission: a job, a schedule or a webhook."""

    workflow_id: str
    job_id: str | None = None
    schedule_id: str | None = None
    message: str = ""
    created_at: datetime
    webhook_id: str | None = None
    webhook_url: str | None = None


class Webhook(Model, frozen=True, kw_only=True):
    """A URL whose signed deliveries start a workflow."""

    webhook_id: str
    workflow_id: str
    name: str
    description: str | None = None
    priority: int | None = None
    environment: str = "default"
    execution_mode: str | None = None
    url: str
    created_at: datetime
    created_by: str = ""


class NewWebhook(Webhook, frozen=True, kw_only=True):
    """A webhook with its secret, which is shown once: its repr hides it."""

    token: str
    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook(webhook_id={self.webhook_id!r}, name={self.name!r}, secret=<hidden>)"


class WebhookList(Model, frozen=True, kw_only=True):
    """The webhooks of a workflow."""

    webhooks: list[Webhook]


class Delivery(Model, frozen=True, kw_only=True):
    """What an accepted delivery started."""

    job_id: str
    workflow_id: str
    workflow_version: int
    delivery_id: str
    status: str
    received_at: datetime
