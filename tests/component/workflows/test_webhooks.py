"""Making, listing and deleting webhooks (beyond.md, "Also needed"; clarifications 5, 8 and 15)."""

import asyncio
import base64
import json
from typing import Any
from uuid import uuid4

import pytest

from services.workflows.app import create_app
from services.workflows.domain.webhook import MAX_PER_WORKFLOW
from services.workflows.settings import WorkflowsSettings
from services.workflows.use_cases.purge_webhooks import KEEP_MS
from shared.config import load
from shared.events import encode
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.workflows.sender import Sender, make_webhook
from tests.component.workflows.service import Workflows, body, open_workflows
from tests.support.clock import ManualClock
from tests.support.eventually import eventually
from tests.support.service import assert_problem

KEY = {"Idempotency-Key": "hook-4711"}
INVALID: dict[str, tuple[Any, str]] = {
    "an empty name": ({"name": ""}, "name"),
    "a long name": ({"name": "n" * 256}, "name"),
    "a name with NUL": ({"name": "a\0"}, "name"),
    "a long description": ({"description": "d" * 2001}, "description"),
    "priority 21": ({"priority": 21}, "priority"),
    "priority as text": ({"priority": "5"}, "priority"),
    "an empty environment": ({"environment": ""}, "environment"),
    "an environment with spaces": ({"environment": "a b"}, "environment"),
    "an unknown mode": ({"execution_mode": "wan"}, "execution_mode"),
    "a list": ([], "body"),
}


async def the_workflow(workflows: Workflows) -> str:
    """The id of a workflow without a webhook."""
    workflow_id: str = (await workflows.submit())["workflow_id"]
    return workflow_id


async def listed(workflows: Workflows, workflow_id: str) -> list[dict[str, Any]]:
    """The workflow's webhooks as a viewer sees them."""
    async with workflows.client(Role.VIEWER) as client:
        response = await client.get(f"/api/v1/workflows/{workflow_id}/webhooks")
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["total"] == len(answer["webhooks"])
    found: list[dict[str, Any]] = answer["webhooks"]
    return found


async def test_a_new_webhook_is_answered_with_url_and_secret(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    async with workflows.client() as client:
        response = await client.post(f"/api/v1/workflows/{workflow_id}/webhooks", json={"name": "Shop", "priority": 0})
    assert response.headers["Cache-Control"] == "no-store"
    answer = response.json()
    assert answer["url"] == f"http://test/api/v1/webhooks/{answer['token']}"
    assert len(answer["token"]) == 43
    assert len(base64.b64decode(answer["secret"].removeprefix("whsec_"), validate=True)) == 32
    del answer["webhook_id"], answer["token"], answer["url"], answer["secret"]
    assert answer == {
        "workflow_id": workflow_id,
        "name": "Shop",
        "description": None,
        "priority": 0,
        "environment": "default",
        "execution_mode": None,
        "created_at": "2026-01-01T12:00:00Z",
        "created_by": "u1",
    }


async def test_a_webhook_needs_no_body_and_is_named_like_its_workflow(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    async with workflows.client() as client:
        response = await client.post(f"/api/v1/workflows/{workflow_id}/webhooks")
    assert (response.status_code, response.json()["name"]) == (200, "My Workflow")


async def test_the_url_is_as_the_gateway_was_addressed_unless_it_is_configured(
    workflows: Workflows, store_url: str, database_name: str, clock: ManualClock
) -> None:
    path = f"/api/v1/workflows/{await the_workflow(workflows)}/webhooks"
    told = {"X-Forwarded-Host": "casare.example:8443", "X-Forwarded-Proto": "https"}
    strange = {"X-Forwarded-Host": "evil/../<script>", "X-Forwarded-Proto": "https"}
    async with workflows.client() as client:
        assert (await client.post(path, headers=told)).json()["url"].startswith("https://casare.example:8443/api/v1/")
        assert (await client.post(path, headers=strange)).json()["url"].startswith("http://test/api/v1/webhooks/")
    public_url = "https://rpa.example/casare/"
    async with (
        open_workflows(store_url, database_name, clock, public_url=public_url) as configured,
        configured.client() as client,
    ):
        url = (await client.post(path, headers=told)).json()["url"]
    assert url.startswith("https://rpa.example/casare/api/v1/webhooks/")


async def test_the_list_shows_webhooks_oldest_first_without_secrets(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    made = []
    for name in ("b", "a"):
        made.append(await make_webhook(workflows, workflow_id, name=name))
        workflows.clock.advance(seconds=1)
    await make_webhook(workflows, await the_workflow(workflows))
    expected = [{key: value for key, value in one.items() if key not in ("token", "secret")} for one in made]
    assert await listed(workflows, workflow_id) == expected


async def test_neither_token_nor_secret_is_stored_or_announced(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    async with workflows.client() as client:
        path = f"/api/v1/workflows/{workflow_id}/webhooks"
        made = (await client.post(path, json={}, headers=KEY)).json()
        submitted = (await client.post("/api/v1/workflows", json=body(trigger_type="webhook"), headers=KEY)).json()
    await eventually(lambda: len([e for e in workflows.events if e.type == "webhook.created"]) == 2)
    collections = ("webhooks", "idempotency_keys", "workflows")
    everything = json.dumps([await workflows.documents(name) for name in collections], default=str)
    everything += "".join(encode(event).decode() for event in workflows.events)
    for secret in (made["token"], made["secret"], submitted["webhook_secret"], submitted["webhook_url"][-43:]):
        assert secret not in everything


async def test_a_webhook_is_announced_when_it_is_made_and_when_it_is_deleted(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    made = await make_webhook(workflows, workflow_id, name="Shop")
    async with workflows.client(subject="u2") as client:
        await client.delete(f"/api/v1/workflows/{workflow_id}/webhooks/{made['webhook_id']}")

    def announced() -> list[tuple[str, str, int, Any]]:
        events = [event for event in workflows.events if event.type.startswith("webhook.")]
        return [(event.type, event.subject, event.aggregateversion, json.loads(bytes(event.data))) for event in events]

    await eventually(lambda: len(announced()) == 2)
    data = {"webhook_id": made["webhook_id"], "workflow_id": workflow_id, "name": "Shop"}
    assert announced() == [
        ("webhook.created", made["webhook_id"], 1, {**data, "created_by": "u1"}),
        ("webhook.deleted", made["webhook_id"], 2, {**data, "deleted_by": "u2"}),
    ]


async def test_a_deleted_webhook_is_gone(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    made, kept = await make_webhook(workflows, workflow_id), await make_webhook(workflows, workflow_id)
    path = f"/api/v1/workflows/{workflow_id}/webhooks/{made['webhook_id']}"
    async with workflows.client() as client:
        answers = await asyncio.gather(*(client.delete(path) for _ in range(5)))
        again = await client.delete(path)
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]
    [deleted] = [answer.json() for answer in answers if answer.status_code == 200]
    assert deleted == {"webhook_id": made["webhook_id"], "deleted": True}
    assert_problem(again, 404, "WEBHOOK_NOT_FOUND")
    assert [webhook["webhook_id"] for webhook in await listed(workflows, workflow_id)] == [kept["webhook_id"]]


async def test_a_deleted_webhook_is_forgotten_after_two_days(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    made, kept = await make_webhook(workflows, workflow_id), await make_webhook(workflows, workflow_id)
    async with workflows.client() as client:
        await client.delete(f"/api/v1/workflows/{workflow_id}/webhooks/{made['webhook_id']}")

    async def left() -> list[str]:
        return [document["_id"] for document in await workflows.documents("webhooks")]

    async def every_event_was_cleared() -> bool:
        return all(not document["unsent"] for document in await workflows.documents("webhooks"))

    await eventually(every_event_was_cleared)
    async with workflows.app.router.lifespan_context(workflows.app):
        assert len(await left()) == 2
    workflows.clock.advance(ms=KEEP_MS + 1)
    app = create_app(load(WorkflowsSettings), workflows.runtime.with_own_registry())
    async with app.router.lifespan_context(app):

        async def is_forgotten() -> bool:
            return await left() == [kept["webhook_id"]]

        await eventually(is_forgotten)


async def test_a_repeat_with_the_same_key_shows_the_same_webhook_again(workflows: Workflows) -> None:
    path = f"/api/v1/workflows/{await the_workflow(workflows)}/webhooks"
    async with workflows.client() as client:
        first = await client.post(path, json={"name": "a"}, headers=KEY)
        again = await client.post(path, json={"name": "a"}, headers=KEY)
        other = await client.post(path, json={"name": "b"}, headers=KEY)
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Cache-Control"] == "no-store"
    assert_problem(other, 409, "IDEMPOTENCY_KEY_REUSED")
    assert len(await workflows.documents("webhooks")) == 1


async def test_a_submission_for_a_webhook_answers_its_url_and_secret(workflows: Workflows) -> None:
    async with workflows.client() as client:
        submit = body(trigger_type="webhook")
        first = await client.post("/api/v1/workflows", json=submit, headers=KEY)
        again = await client.post("/api/v1/workflows", json=submit, headers=KEY)
    answer = first.json()
    assert first.headers["Cache-Control"] == "no-store"
    assert answer == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    [webhook] = await listed(workflows, answer["workflow_id"])
    assert (webhook["webhook_id"], webhook["url"]) == (answer["webhook_id"], answer["webhook_url"])
    delivered = await Sender(workflows, answer["webhook_url"], answer["webhook_secret"]).deliver({})
    assert delivered.status_code == 200


async def test_a_workflow_has_a_bounded_number_of_webhooks(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    path = f"/api/v1/workflows/{workflow_id}/webhooks"
    async with workflows.client() as client:
        for _ in range(MAX_PER_WORKFLOW // 20):
            await asyncio.gather(*(client.post(path) for _ in range(20)))
        assert_problem(await client.post(path), 409, "WEBHOOK_LIMIT_REACHED")
        await client.delete(f"{path}/{(await listed(workflows, workflow_id))[0]['webhook_id']}")
        assert (await client.post(path)).status_code == 200


@pytest.mark.parametrize("case", INVALID)
async def test_an_invalid_body_is_refused_by_name(workflows: Workflows, case: str) -> None:
    sent, field = INVALID[case]
    path = f"/api/v1/workflows/{await the_workflow(workflows)}/webhooks"
    async with workflows.client() as client:
        problem = assert_problem(await client.post(path, json=sent), 400, "INVALID_INPUT")
    assert field in [error["field"] for error in problem["errors"]]
    assert await workflows.documents("webhooks") == []


async def test_ids_that_are_no_uuids_are_refused_by_name(workflows: Workflows) -> None:
    async with workflows.client() as client:
        for method, path, field in (
            ("POST", "/api/v1/workflows/42/webhooks", "workflow_id"),
            ("GET", "/api/v1/workflows/42/webhooks", "workflow_id"),
            ("DELETE", f"/api/v1/workflows/42/webhooks/{uuid4()}", "workflow_id"),
            ("DELETE", f"/api/v1/workflows/{uuid4()}/webhooks/42", "webhook_id"),
        ):
            problem = assert_problem(await client.request(method, path), 400, "INVALID_INPUT")
            assert problem["errors"][0]["field"] == field


async def test_what_is_unknown_or_another_tenants_is_not_found(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    made = await make_webhook(workflows, workflow_id)
    other = (await workflows.submit(workflow_name="Other"))["workflow_id"]
    mine = f"/api/v1/workflows/{workflow_id}/webhooks"
    async with workflows.client(tenant_id="rival") as rival, workflows.client() as client:
        unknown = f"/api/v1/workflows/{uuid4()}/webhooks"
        for asking, path in ((rival, mine), (client, unknown)):
            assert_problem(await asking.post(path), 404, "WORKFLOW_NOT_FOUND")
            assert_problem(await asking.get(path), 404, "WORKFLOW_NOT_FOUND")
        for asking, path in (
            (rival, f"{mine}/{made['webhook_id']}"),
            (client, f"{mine}/{uuid4()}"),
            (client, f"/api/v1/workflows/{other}/webhooks/{made['webhook_id']}"),
        ):
            assert_problem(await asking.delete(path), 404, "WEBHOOK_NOT_FOUND")
    assert len(await listed(workflows, workflow_id)) == 1


async def test_only_developers_make_and_delete_webhooks(workflows: Workflows) -> None:
    workflow_id = await the_workflow(workflows)
    path = f"/api/v1/workflows/{workflow_id}/webhooks"
    robot = workflows.client_as(Identity(kind="robot", subject="k1", tenant_id="default"))
    async with workflows.client(Role.OPERATOR) as operator, robot, workflows.client_as(None) as nobody:
        for client, status, code in (
            (operator, 403, "FORBIDDEN"),
            (robot, 403, "FORBIDDEN"),
            (nobody, 401, "UNAUTHENTICATED"),
        ):
            assert_problem(await client.post(path), status, code)
            assert_problem(await client.delete(f"{path}/{uuid4()}"), status, code)
        assert_problem(await robot.get(path), 403, "FORBIDDEN")
        assert_problem(await nobody.get(path), 401, "UNAUTHENTICATED")
    assert await workflows.documents("webhooks") == []
