"""Webhooks: kept by developers, called by anyone who holds the secret."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Path, Request
from starlette.responses import Response

from services.workflows.api.routes import WorkflowId
from services.workflows.api.webhook_reveal import NOT_KEPT, WebhookReveal
from services.workflows.api.webhook_schemas import (
    CreatedWebhookResponse,
    CreateWebhookRequest,
    DeletedWebhookResponse,
    DeliveryResponse,
    WebhookListResponse,
    WebhookResponse,
)
from services.workflows.use_cases.create_webhook import CreateWebhook
from services.workflows.use_cases.delete_webhook import DeleteWebhook
from services.workflows.use_cases.list_webhooks import ListWebhooks
from services.workflows.use_cases.receive_delivery import ReceiveDelivery
from shared.kernel.permissions import Permission
from shared.web import Caller, ContractRouter
from shared.web.idempotency import IdempotencyKey, IdempotentResponses
from shared.web.traceparent import traceparent_of

WebhookId = Annotated[str, Path(description="the webhook's id")]
WebhookToken = Annotated[str, Path(description="the last part of the webhook's URL")]
_TEXT: Final = {"schema": {"type": "string"}}
_HEADERS: Final = {
    "webhook-id": "the delivery's id: 1–128 characters, no full stop; a repeat starts no second job",
    "webhook-timestamp": "when it is sent, in Unix seconds",
    "webhook-signature": "`v1,` and the base64 of the HMAC-SHA256; several are separated by spaces",
    "X-Webhook-Id": "simple form: the delivery's id, which is signed too; without it the signature is the id",
    "X-Webhook-Timestamp": "simple form: when it is sent, in Unix seconds",
    "X-Webhook-Signature": "simple form: `sha256=` and the HMAC-SHA256 in hex",
}
_DELIVERY: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "header", "required": False, "description": text, **_TEXT}
        for name, text in _HEADERS.items()
    ],
    "requestBody": {
        "description": "At most 256 KiB. JSON, or UTF-8 text of any other type.",
        "content": {"application/json": {"schema": {}, "example": {"order": 4711}}, "text/plain": _TEXT},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookUseCases:
    """What the routes call."""

    create: CreateWebhook
    list: ListWebhooks
    delete: DeleteWebhook
    receive: ReceiveDelivery


def build_webhook_router(
    use_cases: WebhookUseCases, reveal: WebhookReveal, idempotent: IdempotentResponses
) -> ContractRouter:
    """`/workflows/{workflow_id}/webhooks` and the inbound `/webhooks/{token}` (beyond.md, "Also needed")."""
    router = ContractRouter(tag="webhooks")
    _add_create(router, use_cases, reveal, idempotent)
    _add_list_and_delete(router, use_cases, reveal)
    _add_inbound(router, use_cases)
    return router


def _add_create(
    router: ContractRouter, use_cases: WebhookUseCases, reveal: WebhookReveal, idempotent: IdempotentResponses
) -> None:
    @router.endpoint(
        "POST",
        "/workflows/{workflow_id}/webhooks",
        permission=Permission.DEVELOP,
        summary="Create a webhook",
        response_model=CreatedWebhookResponse,
        errors=(404, 409),
    )
    async def create_webhook(
        workflow_id: WorkflowId,
        request: Request,
        caller: Caller,
        body: CreateWebhookRequest | None = None,
        key: IdempotencyKey = None,
    ) -> Response:
        """Makes a URL whose signed deliveries start the workflow. The secret is shown in this answer only."""

        async def create(webhook_id: str) -> WebhookResponse:
            wanted = (body or CreateWebhookRequest()).wanted()
            made = await use_cases.create(caller=caller, workflow_id=workflow_id, webhook_id=webhook_id, wanted=wanted)
            return WebhookResponse.of(made, NOT_KEPT)

        return reveal.created(await idempotent.run(key, request, caller, create), request, caller)


def _add_list_and_delete(router: ContractRouter, use_cases: WebhookUseCases, reveal: WebhookReveal) -> None:
    @router.endpoint(
        "GET",
        "/workflows/{workflow_id}/webhooks",
        permission=Permission.READ,
        summary="List a workflow's webhooks",
        response_model=WebhookListResponse,
        errors=(404,),
    )
    async def list_webhooks(workflow_id: WorkflowId, request: Request, caller: Caller) -> WebhookListResponse:
        """All of them, oldest first, with their URLs and without their secrets."""
        webhooks = await use_cases.list(caller=caller, workflow_id=workflow_id)
        shown = [reveal.public(webhook, request) for webhook in webhooks]
        return WebhookListResponse(webhooks=shown, total=len(shown))

    @router.endpoint(
        "DELETE",
        "/workflows/{workflow_id}/webhooks/{webhook_id}",
        permission=Permission.DEVELOP,
        summary="Delete a webhook",
        response_model=DeletedWebhookResponse,
        errors=(404,),
    )
    async def delete_webhook(workflow_id: WorkflowId, webhook_id: WebhookId, caller: Caller) -> DeletedWebhookResponse:
        """Refuses deliveries from now on, for good. Jobs that were started go on."""
        deleted = await use_cases.delete(caller=caller, workflow_id=workflow_id, webhook_id=webhook_id)
        return DeletedWebhookResponse(webhook_id=deleted.webhook_id)


def _add_inbound(router: ContractRouter, use_cases: WebhookUseCases) -> None:
    @router.endpoint(
        "POST",
        "/webhooks/{token}",
        permission=Permission.PUBLIC,
        summary="Deliver to a webhook",
        response_model=DeliveryResponse,
        errors=(401, 404, 409, 413),
        openapi_extra=_DELIVERY,
    )
    async def receive_delivery(token: WebhookToken, request: Request) -> DeliveryResponse:
        """Starts a job of the workflow's current version, with the payload as `variables.webhook`.

        Deliveries are signed as Standard Webhooks has it: `webhook-signature` is over `<id>.<timestamp>.<body>`, and
        the key is what follows `whsec_`, decoded. Or simply: `X-Webhook-Signature` is over `<timestamp>.<body>`, or
        over `<id>.<timestamp>.<body>` when `X-Webhook-Id` is sent, and the key is the secret's text. A delivery that
        comes again gets the first answer; the same id with another body is a conflict.
        """
        received = await use_cases.receive(
            token=token,
            headers=request.headers,
            body=await request.body(),
            traceparent=traceparent_of(request),
        )
        return DeliveryResponse.of(received)
