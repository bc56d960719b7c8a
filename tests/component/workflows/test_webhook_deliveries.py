"""POST /webhooks/{token}: signed, inside a window, once per delivery id (faults 61-64)."""

import asyncio
import json
from typing import Any

from services.workflows.app import create_app
from services.workflows.settings import WorkflowsSettings
from shared.config import load
from shared.events import encode
from tests.component.workflows.sender import Sender, a_sender, make_webhook
from tests.component.workflows.service import Workflows
from tests.support.eventually import eventually
from tests.support.service import assert_problem

ORDER = {"order": 4711, "lines": [{"sku": "a", "n": 2}]}


async def the_job(workflows: Workflows) -> dict[str, Any]:
    """The only job there is."""
    [job] = await workflows.documents("jobs")
    return job


async def test_a_delivery_starts_a_job_with_its_payload(workflows: Workflows) -> None:
    sender = await a_sender(workflows, priority=3, execution_mode="internet")
    answer = await sender.deliver(ORDER)
    assert answer.status_code == 200, answer.text
    job = await the_job(workflows)
    assert answer.json() == {
        "job_id": job["_id"],
        "workflow_id": job["workflow_id"],
        "workflow_version": 1,
        "delivery_id": "msg_1",
        "status": "accepted",
        "received_at": "2026-01-01T12:00:00Z",
    }
    assert (job["status"], job["trigger"], job["priority"], job["tenant_id"]) == ("pending", "webhook", 3, "default")
    assert job["requirements"]["execution_mode"] == "internet"
    [webhook] = await workflows.documents("webhooks")
    assert job["created_by"] == f"webhook:{webhook['_id']}"
    delivered = json.loads(job["variables_json"])["webhook"]
    assert delivered["body"] == ORDER
    assert (delivered["delivery_id"], delivered["received_at"]) == ("msg_1", "2026-01-01T12:00:00.000Z")
    assert delivered["headers"]["content-type"] == "application/json"


async def test_a_webhooks_own_priority_and_environment_win(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit(priority=3))["workflow_id"]
    made = await make_webhook(workflows, workflow_id, priority=0, environment="shop", execution_mode="internet")
    answer = await Sender(workflows, made["url"], made["secret"]).deliver(ORDER)
    [job] = [job for job in await workflows.documents("jobs") if job["_id"] == answer.json()["job_id"]]
    assert (job["priority"], job["requirements"]["environment"]) == (0, "shop")
    assert job["requirements"]["execution_mode"] == "internet"


async def test_the_job_is_announced_as_the_webhooks_doing(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    await sender.deliver(ORDER)
    await eventually(lambda: any(event.type == "job.submitted" for event in workflows.events))
    [event] = [event for event in workflows.events if event.type == "job.submitted"]
    [webhook] = await workflows.documents("webhooks")
    assert (event.tenantid, event.actorkind, event.actorid) == ("default", "service", f"webhook:{webhook['_id']}")
    assert sender.secret not in encode(event).decode()


async def test_a_delivery_in_the_simple_form_is_taken(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    for delivery_id in (None, "order-1"):
        headers = sender.simple_headers(b"order=4711", delivery_id)
        first, again = await sender.post(b"order=4711", headers), await sender.post(b"order=4711", headers)
        assert first.status_code == 200, first.text
        assert first.json() == again.json()
        assert first.json()["delivery_id"] == (delivery_id or headers["X-Webhook-Signature"])
    jobs = await workflows.documents("jobs")
    assert [json.loads(job["variables_json"])["webhook"]["text"] for job in jobs] == ["order=4711"] * 2


async def test_a_repeat_finds_its_job_even_when_it_is_signed_anew(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    first = await sender.deliver(ORDER)
    workflows.clock.advance(seconds=3600)
    again = await sender.deliver(ORDER)
    assert again.status_code == 200
    assert again.json() == first.json()
    await the_job(workflows)


async def test_one_delivery_ten_times_at_once_starts_one_job(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    replica = create_app(load(WorkflowsSettings), workflows.runtime.with_own_registry())
    twin = Sender(Workflows(app=replica, runtime=workflows.runtime, clock=workflows.clock), sender.path, sender.secret)
    answers = await asyncio.gather(*((sender, twin)[number % 2].deliver(ORDER) for number in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["job_id"] for answer in answers} == {(await the_job(workflows))["_id"]}


async def test_the_same_delivery_id_at_two_webhooks_is_two_deliveries(workflows: Workflows) -> None:
    senders = [await a_sender(workflows), await a_sender(workflows)]
    answers = [await sender.deliver(ORDER) for sender in senders]
    assert answers[0].json()["job_id"] != answers[1].json()["job_id"]


async def test_the_same_delivery_id_with_another_body_conflicts(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    await sender.deliver(ORDER)
    assert_problem(await sender.deliver({"order": 4712}), 409, "DELIVERY_CONFLICT")
    assert json.loads((await the_job(workflows))["variables_json"])["webhook"]["body"] == ORDER


async def test_a_replay_after_the_window_is_refused(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    content = json.dumps(ORDER).encode()
    captured = sender.headers(content)
    assert (await sender.post(content, captured)).status_code == 200
    workflows.clock.advance(seconds=300)
    assert (await sender.post(content, captured)).status_code == 200
    workflows.clock.advance(seconds=1)
    assert_problem(await sender.post(content, captured), 401, "WEBHOOK_REFUSED")
    await the_job(workflows)


async def test_what_cannot_be_trusted_is_refused_alike(workflows: Workflows) -> None:
    sender, stranger = await a_sender(workflows), await a_sender(workflows)
    content = json.dumps(ORDER).encode()
    signed, simple = sender.headers(content), sender.simple_headers(content)
    tampered = {
        "no signature": (content, {}),
        "another body": (content + b" ", signed),
        "another id": (content, {**signed, "webhook-id": "msg_2"}),
        "another time": (content, {**signed, "webhook-timestamp": str(sender.now + 1)}),
        "no time": (content, {**signed, "webhook-timestamp": ""}),
        "an old delivery": (content, sender.headers(content, at=sender.now - 301)),
        "a delivery of the future": (content, sender.headers(content, at=sender.now + 301)),
        "another's secret": (content, stranger.headers(content)),
        "another form": (content, {**signed, "webhook-signature": simple["X-Webhook-Signature"]}),
        "an id of one's own": (content, {**simple, "X-Webhook-Id": "mine"}),
        "another simple body": (content + b" ", simple),
        "bad JSON, badly signed": (b"{", signed),
        "much, badly signed": (b"x" * 300_000, signed),
    }
    answers = {name: await sender.post(body, headers) for name, (body, headers) in tampered.items()}
    last = "A" if sender.path[-5] != "A" else "B"
    paths = ["/api/v1/webhooks/x", f"{sender.path[:-5]}{last}{sender.path[-4:]}", f"{sender.path}A"]
    answers |= {path: await sender.post(content, signed, path) for path in paths}
    told = {
        name: {**assert_problem(answer, 401, "WEBHOOK_REFUSED"), "request_id": "", "instance": ""}
        for name, answer in answers.items()
    }
    assert all(problem == told["no signature"] for problem in told.values()), told
    assert all("WWW-Authenticate" in answer.headers for answer in answers.values())
    assert await workflows.documents("jobs") == []


async def test_a_deleted_webhook_and_one_whose_workflow_is_gone_are_refused_like_unknown_ones(
    workflows: Workflows,
) -> None:
    submitted = await workflows.submit(trigger_type="webhook")
    deleted = Sender(workflows, submitted["webhook_url"], submitted["webhook_secret"])
    orphan = await a_sender(workflows)
    async with workflows.client() as client:
        workflow_id, webhook_id = submitted["workflow_id"], submitted["webhook_id"]
        assert (await client.delete(f"/api/v1/workflows/{workflow_id}/webhooks/{webhook_id}")).status_code == 200
    await workflows.runtime.store.collection("workflows").delete_many({})
    for sender in (deleted, orphan):
        assert_problem(await sender.deliver(ORDER), 401, "WEBHOOK_REFUSED")
    assert await workflows.documents("jobs") == []


async def test_a_trusted_payload_that_is_none_is_refused(workflows: Workflows) -> None:
    sender = await a_sender(workflows)
    for content in (b"", b"{", b"\xff", b"[" * 65 + b"]" * 65):
        problem = assert_problem(await sender.post(content, sender.headers(content)), 400, "INVALID_INPUT")
        assert problem["errors"][0]["field"] == "body"
    large = json.dumps("x" * 270_000).encode()
    assert_problem(await sender.post(large, sender.headers(large)), 413, "PAYLOAD_TOO_LARGE")
    assert await workflows.documents("jobs") == []


async def test_a_delivery_for_another_tenant_runs_there(workflows: Workflows) -> None:
    async with workflows.client(tenant_id="rival") as client:
        request = {"workflow_name": "Theirs", "workflow_json": {"nodes": {}}, "trigger_type": "webhook"}
        made = (await client.post("/api/v1/workflows", json=request)).json()
    await Sender(workflows, made["webhook_url"], made["webhook_secret"]).deliver(ORDER)
    assert (await the_job(workflows))["tenant_id"] == "rival"
