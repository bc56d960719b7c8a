"""Webhooks through the gateway: a delivery needs no credential, and its URL's token is in no log."""

from base64 import b64decode, b64encode
from hashlib import sha256
from hmac import digest

import httpx
from structlog.testing import capture_logs

from shared.kernel.permissions import Role
from tests.component.gateway.running_gateway import Running, StartGateway
from tests.component.workflows.service import body, open_workflows
from tests.support.clock import ManualClock

CONTENT = b'{"order": 4711,  "note": "spaces are signed too"}'


def signed(secret: str, at_seconds: int) -> dict[str, str]:
    """The headers of a delivery of `CONTENT`, as Standard Webhooks has it."""
    key = b64decode(secret.removeprefix("whsec_"))
    signature = b64encode(digest(key, f"msg_1.{at_seconds}.".encode() + CONTENT, sha256)).decode()
    return {
        "Content-Type": "application/json",
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(at_seconds),
        "Webhook-Signature": f"v1,{signature}",
    }


async def test_a_signed_delivery_starts_a_job_without_a_credential(
    start_gateway: StartGateway, store_url: str, database_name: str
) -> None:
    clock = ManualClock()
    async with (
        open_workflows(store_url, database_name, clock) as workflows,
        start_gateway({"workflows": workflows.app}) as running,
        running.client() as client,
    ):
        developer = running.bearer(roles=[Role.DEVELOPER])
        submission = body(trigger_type="webhook")
        made = (await client.post("/api/v1/workflows", json=submission, headers=developer)).json()
        url = httpx.URL(made["webhook_url"])
        assert (url.scheme, url.host) == ("http", "orchestrator")
        with capture_logs() as logs:
            headers = signed(made["webhook_secret"], clock.now_ms() // 1000)
            answer = await client.post(url, content=CONTENT, headers=headers)
            refused = await client.post(url, content=CONTENT + b" ", headers=headers)
        assert answer.status_code == 200, answer.text
        assert (refused.status_code, refused.json()["code"]) == (401, "WEBHOOK_REFUSED")
        assert [job["_id"] for job in await workflows.documents("jobs")] == [answer.json()["job_id"]]
    token = url.path.rpartition("/")[2]
    assert token not in str(logs)
    assert "/api/v1/webhooks/{token}" in str(logs)


async def test_deliveries_are_limited_by_the_senders_address(running: Running) -> None:
    async def statuses(address: str, n_deliveries: int) -> list[int]:
        async with running.client(address=address) as client:
            return [(await client.post("/api/v1/webhooks/t")).status_code for _ in range(n_deliveries)]

    assert await statuses("192.0.2.7", 61) == [200] * 60 + [429]
    assert await statuses("192.0.2.8", 1) == [200]
    assert running.identity().kind == "anonymous"
