"""Requests and answers of the webhook routes."""

from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.workflows.api.schemas import Priority
from services.workflows.domain.webhook import Webhook
from services.workflows.use_cases.create_webhook import NewWebhook
from services.workflows.use_cases.receive_delivery import Received
from shared.jobs import ExecutionMode
from shared.kernel.clock import to_datetime
from shared.web.text import Identifier, Text

_EXAMPLE: Final[JsonDict] = {
    "webhook_id": "7c2a1f0e-6f43-5f0b-9c9d-2f2f4bb0a1c3",
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "name": "Shop orders",
    "description": None,
    "priority": 5,
    "environment": "default",
    "execution_mode": None,
    "url": "https://orchestrator.example.com/api/v1/webhooks/fCofDm9DXwucnS8vS7Chw1rP0m3Vd8yH1Q9sJt2XbKk",
    "created_at": "2026-01-15T10:30:00Z",
    "created_by": "admin",
}


class CreateWebhookRequest(BaseModel):
    """How the jobs of a webhook run; what is left out is as the workflow has it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Shop orders", "priority": 5}]})

    name: Text | None = Field(None, min_length=1, max_length=255, description="default: the workflow's")
    description: Text | None = Field(None, max_length=2000)
    priority: Priority | None = Field(None, description="0 is the highest; default: the workflow's")
    environment: Identifier = Field("default", min_length=1, max_length=64)
    execution_mode: ExecutionMode | None = Field(None, description="default: the workflow's")

    def wanted(self) -> NewWebhook:
        """The request as the use case takes it."""
        return NewWebhook(
            name=self.name,
            description=self.description,
            priority=self.priority,
            environment=self.environment,
            execution_mode=self.execution_mode,
        )


class WebhookResponse(BaseModel):
    """A webhook without its secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    webhook_id: str
    workflow_id: str
    name: str
    description: str | None
    priority: int | None = Field(description="of its jobs; null: the workflow's")
    environment: str
    execution_mode: ExecutionMode | None = Field(description="of its jobs; null: the workflow's")
    url: str = Field(description="where deliveries are posted")
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, webhook: Webhook, url: str) -> "WebhookResponse":
        """The answer about `webhook`, which is reached at `url`."""
        return cls(
            webhook_id=webhook.webhook_id,
            workflow_id=webhook.workflow_id,
            name=webhook.name,
            description=webhook.description,
            priority=webhook.priority,
            environment=webhook.environment,
            execution_mode=webhook.execution_mode,
            url=url,
            created_at=to_datetime(webhook.created_ms),
            created_by=webhook.created_by,
        )


class CreatedWebhookResponse(WebhookResponse):
    """A new webhook with what opens it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "token": "fCofDm9DXwucnS8vS7Chw1rP0m3Vd8yH1Q9sJt2XbKk",
                    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
                }
            ]
        }
    )

    token: str = Field(description="the last part of `url`")
    secret: str = Field(description="signs deliveries; shown in this answer only")


class WebhookListResponse(BaseModel):
    """A workflow's webhooks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"webhooks": [_EXAMPLE], "total": 1}]})

    webhooks: list[WebhookResponse]
    total: int


class DeletedWebhookResponse(BaseModel):
    """A webhook is gone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"webhook_id": _EXAMPLE["webhook_id"], "deleted": True}]})

    webhook_id: str
    deleted: Literal[True] = True


class DeliveryResponse(BaseModel):
    """A delivery's job. A repeat of the delivery gets the same answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "660e8400-e29b-41d4-a716-446655440001",
                    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                    "workflow_version": 3,
                    "delivery_id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
                    "status": "accepted",
                    "received_at": "2026-01-15T10:30:00Z",
                }
            ]
        }
    )

    job_id: str
    workflow_id: str
    workflow_version: int
    delivery_id: str
    status: Literal["accepted"] = "accepted"
    received_at: datetime = Field(description="when it came first")

    @classmethod
    def of(cls, received: Received) -> "DeliveryResponse":
        """The answer to a delivery."""
        job = received.job
        return cls(
            job_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_version=job.workflow_version,
            delivery_id=received.delivery_id,
            received_at=to_datetime(job.created_ms),
        )
