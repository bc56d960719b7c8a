"""GET /workflows/{workflow_id} (contract, Workflow Endpoints)."""

from typing import Any
from uuid import uuid4

import pytest

from services.workflows.api.answers import WorkflowResponse
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows
from tests.support.service import assert_problem


async def test_a_workflow_is_read_with_every_documented_field(workflows: Workflows) -> None:
    definition = {"nodes": {"n1": {"x": [1, 2.5, None, True, "ü\u0000"]}}, "connections": [], "metadata": {}}
    submitted = await workflows.submit(
        workflow_json=definition,
        execution_mode="internet",
        trigger_type="webhook",
        metadata={"description": "What it does", "owner": {"team": "finance"}},
    )
    async with workflows.client(Role.VIEWER) as client:
        response = await client.get(f"/api/v1/workflows/{submitted['workflow_id']}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "workflow_id": submitted["workflow_id"],
        "workflow_name": "My Workflow",
        "workflow_json": definition,
        "version": 1,
        "description": "What it does",
        "trigger_type": "webhook",
        "execution_mode": "internet",
        "created_at": "2026-01-01T12:00:00Z",
        "updated_at": "2026-01-01T12:00:00Z",
    }


async def test_the_answer_has_the_fields_its_schema_declares(workflows: Workflows) -> None:
    submitted = await workflows.submit()
    async with workflows.client() as client:
        answer = (await client.get(f"/api/v1/workflows/{submitted['workflow_id']}")).json()
    assert answer.keys() == WorkflowResponse.model_fields.keys()
    assert answer["description"] is None


async def test_metadata_are_kept_as_they_were_sent(workflows: Workflows) -> None:
    await workflows.submit(metadata={"description": None, "tags": ["a"], "deep": {"b": [{}]}})
    [stored] = await workflows.documents("workflows")
    assert stored["metadata_json"] == '{"description":null,"tags":["a"],"deep":{"b":[{}]}}'


async def test_an_id_in_capitals_names_the_same_workflow(workflows: Workflows) -> None:
    submitted = await workflows.submit()
    async with workflows.client() as client:
        response = await client.get(f"/api/v1/workflows/{submitted['workflow_id'].upper()}")
    assert response.status_code == 200


async def test_a_workflow_of_some_megabytes_comes_back_unchanged(workflows: Workflows) -> None:
    nodes = {f"n{number}": {"config": {"text": str(number) * 500}} for number in range(1000)}
    definition: dict[str, Any] = {"nodes": nodes}
    submitted = await workflows.submit(workflow_json=definition)
    async with workflows.client() as client:
        answer = await client.get(f"/api/v1/workflows/{submitted['workflow_id']}")
    assert answer.json()["workflow_json"] == definition


async def test_equal_definitions_are_stored_once_per_tenant(workflows: Workflows) -> None:
    await workflows.submit(workflow_name="one")
    await workflows.submit(workflow_name="two")
    assert len(await workflows.documents("workflows")) == 2
    assert len(await workflows.documents("workflow_definitions")) == 1


@pytest.mark.parametrize("workflow_id", ["42", "not-a-uuid", "550e8400e29b41d4a716446655440000", "%00"])
async def test_an_id_that_is_no_uuid_is_refused(workflows: Workflows, workflow_id: str) -> None:
    async with workflows.client() as client:
        problem = assert_problem(await client.get(f"/api/v1/workflows/{workflow_id}"), 400, "INVALID_INPUT")
    assert problem["errors"][0]["field"] == "workflow_id"


async def test_an_unknown_workflow_is_not_found(workflows: Workflows) -> None:
    async with workflows.client() as client:
        assert_problem(await client.get(f"/api/v1/workflows/{uuid4()}"), 404, "WORKFLOW_NOT_FOUND")


async def test_a_workflow_of_another_tenant_is_not_found(workflows: Workflows) -> None:
    submitted = await workflows.submit()
    async with workflows.client(tenant_id="rival") as client:
        response = await client.get(f"/api/v1/workflows/{submitted['workflow_id']}")
    assert_problem(response, 404, "WORKFLOW_NOT_FOUND")


async def test_a_robots_key_reads_the_workflows_of_its_tenant(workflows: Workflows) -> None:
    path = f"/api/v1/workflows/{(await workflows.submit())['workflow_id']}"
    async with workflows.client_as(Identity(kind="robot", subject="k1", tenant_id="default")) as client:
        assert (await client.get(path)).json()["workflow_json"]["nodes"] is not None
    async with workflows.client_as(Identity(kind="robot", subject="k1", tenant_id="rival")) as client:
        assert_problem(await client.get(path), 404, "WORKFLOW_NOT_FOUND")


async def test_a_call_without_identity_is_unauthenticated(workflows: Workflows) -> None:
    async with workflows.client_as(None) as client:
        assert_problem(await client.get(f"/api/v1/workflows/{uuid4()}"), 401, "UNAUTHENTICATED")
