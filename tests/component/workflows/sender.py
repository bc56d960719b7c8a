"""Someone outside who delivers to a webhook. Signs by itself, with nothing of the service's code."""

import base64
import hashlib
import hmac
import json
from typing import Any

import httpx

from tests.component.workflows.service import Workflows

JSON = "application/json"


class Sender:
    """Holds a webhook's URL and secret."""

    def __init__(self, workflows: Workflows, url: str, secret: str) -> None:
        self._workflows = workflows
        self.path = httpx.URL(url).path
        self.secret = secret

    @property
    def now(self) -> int:
        """Unix seconds of the service's clock."""
        return self._workflows.clock.now_ms() // 1000

    def headers(self, content: bytes, delivery_id: str = "msg_1", at: int | None = None) -> dict[str, str]:
        """A delivery signed as Standard Webhooks has it."""
        timestamp = self.now if at is None else at
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{delivery_id}.{timestamp}.".encode() + content, hashlib.sha256).digest()
        return {
            "content-type": JSON,
            "webhook-id": delivery_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }

    def simple_headers(self, content: bytes, delivery_id: str | None = None) -> dict[str, str]:
        """A delivery signed in the simple form."""
        start = f"{self.now}." if delivery_id is None else f"{delivery_id}.{self.now}."
        digest = hmac.new(self.secret.encode(), start.encode() + content, hashlib.sha256).hexdigest()
        headers = {"X-Webhook-Timestamp": str(self.now), "X-Webhook-Signature": f"sha256={digest}"}
        return headers if delivery_id is None else {**headers, "X-Webhook-Id": delivery_id}

    async def post(self, content: bytes, headers: dict[str, str], path: str | None = None) -> httpx.Response:
        """Send it, without a credential."""
        async with self._workflows.client_as(None) as client:
            return await client.post(path or self.path, content=content, headers=headers)

    async def deliver(self, payload: Any, delivery_id: str = "msg_1", at: int | None = None) -> httpx.Response:
        """A well signed delivery of JSON."""
        content = json.dumps(payload).encode()
        return await self.post(content, self.headers(content, delivery_id, at))


async def make_webhook(workflows: Workflows, workflow_id: str, **body: Any) -> dict[str, Any]:
    """The answer to a webhook's creation."""
    async with workflows.client() as client:
        response = await client.post(f"/api/v1/workflows/{workflow_id}/webhooks", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def a_sender(workflows: Workflows, **fields: Any) -> Sender:
    """A sender for a workflow submitted with a webhook; `fields` are the submission's."""
    answer = await workflows.submit(trigger_type="webhook", **fields)
    return Sender(workflows, answer["webhook_url"], answer["webhook_secret"])
