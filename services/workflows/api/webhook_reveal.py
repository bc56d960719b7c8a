"""Shows webhooks' URLs and secrets. No answer that is kept for repeats holds them: they are made anew for each."""

import re
from typing import Final

from fastapi import Request
from starlette.responses import Response

from services.workflows.api.schemas import SubmissionResponse
from services.workflows.api.webhook_schemas import CreatedWebhookResponse, WebhookResponse
from services.workflows.domain.webhook import Webhook
from services.workflows.ports import WebhookSecrets
from shared.kernel.identity import Identity
from shared.web.idempotency import REPLAYED_HEADER
from shared.web.routes import API_PREFIX

NOT_KEPT: Final = ""
"""Stands in a kept answer for a webhook's URL."""
_HOST: Final = re.compile(r"[A-Za-z0-9.\-_\[\]:]{1,255}")
_SCHEMES: Final = ("http", "https")


class WebhookReveal:
    """Completes answers with what follows from a webhook's id."""

    def __init__(self, secrets: WebhookSecrets, public_url: str) -> None:
        self._secrets = secrets
        self._public_url = public_url.rstrip("/")

    def public(self, webhook: Webhook, request: Request) -> WebhookResponse:
        """The webhook as everyone of its tenant may see it."""
        return WebhookResponse.of(webhook, self._url_of(webhook.webhook_id, request))

    def created(self, answer: Response, request: Request, caller: Identity) -> Response:
        """`answer`, a kept `WebhookResponse`, with URL, token and secret."""
        kept = WebhookResponse.model_validate_json(bytes(answer.body))
        shown = CreatedWebhookResponse(
            **{**kept.model_dump(), "url": self._url_of(kept.webhook_id, request)},
            token=self._secrets.token_of(kept.webhook_id),
            secret=self._secrets.secret_of(caller.tenant_id, kept.webhook_id),
        )
        return _for_the_caller_only(shown.model_dump_json(), answer)

    def submission(self, answer: Response, request: Request, caller: Identity) -> Response:
        """`answer`, a kept `SubmissionResponse`, with URL and secret when the submission made a webhook."""
        kept = SubmissionResponse.model_validate_json(bytes(answer.body))
        if kept.webhook_id is None:
            return answer
        shown = kept.model_copy(
            update={
                "webhook_url": self._url_of(kept.webhook_id, request),
                "webhook_secret": self._secrets.secret_of(caller.tenant_id, kept.webhook_id),
            }
        )
        return _for_the_caller_only(shown.model_dump_json(), answer)

    def _url_of(self, webhook_id: str, request: Request) -> str:
        base = self._public_url or _base_url(request)
        return f"{base}{API_PREFIX}/webhooks/{self._secrets.token_of(webhook_id)}"


def _base_url(request: Request) -> str:
    """As the caller addressed the gateway, by the gateway's word; it goes back to that caller only."""
    host = request.headers.get("x-forwarded-host", "")
    scheme = request.headers.get("x-forwarded-proto", "")
    if _HOST.fullmatch(host) and scheme in _SCHEMES:
        return f"{scheme}://{host}"
    return str(request.base_url).rstrip("/")


def _for_the_caller_only(text: str, answer: Response) -> Response:
    headers = {"Cache-Control": "no-store"}
    if REPLAYED_HEADER in answer.headers:
        headers[REPLAYED_HEADER] = answer.headers[REPLAYED_HEADER]
    return Response(text, status_code=answer.status_code, media_type="application/json", headers=headers)
