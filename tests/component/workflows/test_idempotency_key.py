"""The `Idempotency-Key` header on POST /workflows (clarifications 15)."""

import asyncio

from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows, body
from tests.support.service import assert_problem

KEY = {"Idempotency-Key": "order-4711"}


async def test_a_repeat_gets_the_first_answer_and_stores_nothing_more(workflows: Workflows) -> None:
    async with workflows.client() as client:
        first = await client.post("/api/v1/workflows", json=body(), headers=KEY)
        workflows.clock.advance(seconds=3600)
        again = await client.post("/api/v1/workflows", json=body(), headers=KEY)
    assert first.status_code == again.status_code == 200
    assert again.content == first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(await workflows.documents("workflows")) == len(await workflows.documents("jobs")) == 1


async def test_the_same_key_with_another_body_conflicts(workflows: Workflows) -> None:
    async with workflows.client() as client:
        await client.post("/api/v1/workflows", json=body(), headers=KEY)
        response = await client.post("/api/v1/workflows", json=body(priority=1), headers=KEY)
    assert_problem(response, 409, "IDEMPOTENCY_KEY_REUSED")
    assert len(await workflows.documents("workflows")) == 1


async def test_many_requests_at_once_with_one_key_make_one_workflow(workflows: Workflows) -> None:
    async with workflows.client() as client:
        responses = await asyncio.gather(
            *(client.post("/api/v1/workflows", json=body(), headers=KEY) for _ in range(20))
        )
    answered = [response for response in responses if response.status_code == 200]
    assert len({response.json()["job_id"] for response in answered}) == 1
    for response in responses:
        if response.status_code != 200:
            assert_problem(response, 409, "IDEMPOTENCY_IN_PROGRESS")
    assert len(await workflows.documents("workflows")) == len(await workflows.documents("jobs")) == 1


async def test_keys_of_different_callers_are_different_keys(workflows: Workflows) -> None:
    callers = [("default", "u1"), ("default", "u2"), ("rival", "u1")]
    for tenant_id, subject in callers:
        async with workflows.client(tenant_id=tenant_id, subject=subject) as client:
            response = await client.post("/api/v1/workflows", json=body(workflow_name=subject), headers=KEY)
        assert response.status_code == 200
    assert len(await workflows.documents("workflows")) == len(callers)


async def test_one_key_serves_every_session_of_a_user(workflows: Workflows) -> None:
    answers = []
    for session_id in ("s1", "s2"):
        identity = Identity(
            kind="user",
            subject="u1",
            tenant_id="default",
            roles=(Role.DEVELOPER,),
            session_id=session_id,
        )
        async with workflows.client_as(identity) as client:
            answers.append((await client.post("/api/v1/workflows", json=body(), headers=KEY)).json())
    assert answers[0] == answers[1]


async def test_without_a_key_every_request_makes_a_workflow(workflows: Workflows) -> None:
    first, second = await workflows.submit(), await workflows.submit()
    assert first["workflow_id"] != second["workflow_id"]
    assert await workflows.documents("idempotency_keys") == []


async def test_a_refused_request_leaves_its_key_free(workflows: Workflows) -> None:
    async with workflows.client() as client:
        refused = await client.post("/api/v1/workflows", json=body(workflow_json={}), headers=KEY)
        accepted = await client.post("/api/v1/workflows", json=body(), headers=KEY)
    assert_problem(refused, 400, "INVALID_WORKFLOW")
    assert accepted.status_code == 200


async def test_neither_key_nor_body_is_stored_in_clear(workflows: Workflows) -> None:
    async with workflows.client() as client:
        await client.post("/api/v1/workflows", json=body(workflow_name="confidential"), headers=KEY)
    [stored] = await workflows.documents("idempotency_keys")
    assert "4711" not in str(stored)
    assert "confidential" not in str(stored)
