"""PUT /workflows/{id}, GET /workflows/{id}/versions and ?version=: versions are made, listed, read, never changed."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows
from tests.support.eventually import eventually
from tests.support.service import assert_problem

SECOND = {"nodes": {"n2": {}}, "connections": []}


async def put(workflows: Workflows, workflow_id: str, **body: Any) -> httpx.Response:
    async with workflows.client() as client:
        return await client.put(f"/api/v1/workflows/{workflow_id}", json={"workflow_json": SECOND, **body})


async def get(workflows: Workflows, path: str, **query: Any) -> httpx.Response:
    async with workflows.client(Role.VIEWER) as client:
        return await client.get(f"/api/v1/workflows/{path}", params=query)


async def test_a_new_version_becomes_current_and_the_old_one_stays(workflows: Workflows) -> None:
    first: dict[str, Any] = {"nodes": {"n1": {}}}
    workflow_id = (await workflows.submit(workflow_json=first, metadata={"description": "d"}))["workflow_id"]
    workflows.clock.advance(seconds=60)
    answer = (await put(workflows, workflow_id)).json()
    assert answer == {
        "workflow_id": workflow_id,
        "workflow_name": "My Workflow",
        "workflow_json": SECOND,
        "version": 2,
        "description": "d",
        "trigger_type": "manual",
        "execution_mode": "lan",
        "created_at": "2026-01-01T12:00:00Z",
        "updated_at": "2026-01-01T12:01:00Z",
    }
    assert (await get(workflows, workflow_id)).json() == answer
    old = (await get(workflows, workflow_id, version=1)).json()
    assert (old["version"], old["workflow_json"]) == (1, first)
    versions = (await get(workflows, f"{workflow_id}/versions")).json()
    assert versions == {
        "workflow_id": workflow_id,
        "current_version": 2,
        "versions": [
            {
                "version": 2,
                "created_at": "2026-01-01T12:01:00Z",
                "created_by": "u1",
                "n_nodes": 1,
                "size_bytes": 36,
            },
            {
                "version": 1,
                "created_at": "2026-01-01T12:00:00Z",
                "created_by": "u1",
                "n_nodes": 1,
                "size_bytes": 19,
            },
        ],
        "total": 2,
    }


async def test_a_job_keeps_the_version_it_was_submitted_with(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    [before] = await workflows.documents("jobs")
    await put(workflows, workflow_id)
    [after] = await workflows.documents("jobs")
    assert (after["workflow_version"], after["definition_id"]) == (1, before["definition_id"])


async def test_the_same_definition_again_changes_nothing(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit(workflow_json=SECOND))["workflow_id"]
    workflows.clock.advance(seconds=60)
    answer = (await put(workflows, workflow_id)).json()
    assert (answer["version"], answer["updated_at"]) == (1, "2026-01-01T12:00:00Z")


async def test_name_and_metadata_change_without_a_version(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit(workflow_json=SECOND))["workflow_id"]
    answer = (await put(workflows, workflow_id, workflow_name="New", metadata={"description": "e", "a": 1})).json()
    assert (answer["version"], answer["workflow_name"], answer["description"]) == (1, "New", "e")
    [stored] = await workflows.documents("workflows")
    assert stored["metadata_json"] == '{"description":"e","a":1}'


async def test_each_change_is_announced(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    await put(workflows, workflow_id, workflow_name="New")

    async def announced() -> bool:
        return "workflow.updated" in [event.type for event in workflows.events]

    await eventually(announced)
    [event] = [event for event in workflows.events if event.type == "workflow.updated"]
    assert (event.subject, event.aggregateversion) == (workflow_id, 2)
    assert b'"version":2' in bytes(event.data)
    assert b'"workflow_name":"New"' in bytes(event.data)


async def test_many_changes_at_once_make_one_version_each(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    bodies: list[dict[str, Any]] = [{"workflow_json": {"nodes": {str(number): {}}}} for number in range(8)]
    answers = await asyncio.gather(*(put(workflows, workflow_id, **body) for body in bodies))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 10))
    for body, answer in zip(bodies, answers, strict=True):
        stored = (await get(workflows, workflow_id, version=answer.json()["version"])).json()
        assert stored["workflow_json"] == body["workflow_json"]


async def test_of_changes_that_expect_one_version_one_wins(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    answers = await asyncio.gather(
        *(
            put(workflows, workflow_id, workflow_json={"nodes": {str(number): {}}}, expected_version=1)
            for number in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            assert_problem(answer, 409, "WORKFLOW_VERSION_CONFLICT")


async def test_a_workflow_has_at_most_1000_versions(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    [stored] = await workflows.documents("workflows")
    versions = {f"versions.{number}": stored["versions"]["1"] for number in range(2, 1001)}
    await workflows.runtime.store.collection("workflows").update_one(
        {"_id": workflow_id}, {"$set": {**versions, "current_version": 1000}}
    )
    assert_problem(await put(workflows, workflow_id), 409, "TOO_MANY_WORKFLOW_VERSIONS")
    assert (await get(workflows, f"{workflow_id}/versions")).json()["total"] == 1000


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"workflow_json": None}, "INVALID_INPUT", "workflow_json"),
        ({"workflow_json": []}, "INVALID_INPUT", "workflow_json"),
        ({"workflow_json": {}}, "INVALID_WORKFLOW", "workflow_json.nodes"),
        ({"workflow_json": {"nodes": {"fetch": 1}}}, "INVALID_WORKFLOW", "workflow_json.nodes.fetch"),
        ({"workflow_name": ""}, "INVALID_INPUT", "workflow_name"),
        ({"workflow_name": "n" * 256}, "INVALID_INPUT", "workflow_name"),
        ({"metadata": 1}, "INVALID_INPUT", "metadata"),
        ({"metadata": {"a": "x" * 70_000}}, "INVALID_WORKFLOW", "metadata"),
        ({"expected_version": 0}, "INVALID_INPUT", "expected_version"),
    ],
)
async def test_a_bad_change_is_refused_by_name(
    workflows: Workflows, body: dict[str, Any], code: str, field: str
) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    problem = assert_problem(await put(workflows, workflow_id, **body), 400, code)
    assert field in [error["field"] for error in problem["errors"]]
    assert (await get(workflows, workflow_id)).json()["version"] == 1


@pytest.mark.parametrize("version", ["0", "-1", "one"])
async def test_a_version_that_is_no_number_is_refused(workflows: Workflows, version: str) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    problem = assert_problem(await get(workflows, workflow_id, version=version), 400, "INVALID_INPUT")
    assert problem["errors"][0]["field"] == "version"


async def test_a_version_that_does_not_exist_is_not_found(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    assert_problem(await get(workflows, workflow_id, version=2), 404, "WORKFLOW_VERSION_NOT_FOUND")


async def test_an_unknown_or_foreign_workflow_is_not_found(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    async with workflows.client(tenant_id="rival") as client:
        for path in (workflow_id, str(uuid4())):
            changed = await client.put(f"/api/v1/workflows/{path}", json={"workflow_json": SECOND})
            versions = await client.get(f"/api/v1/workflows/{path}/versions")
            for response in (changed, versions):
                assert_problem(response, 404, "WORKFLOW_NOT_FOUND")


async def test_an_id_that_is_no_uuid_is_refused(workflows: Workflows) -> None:
    for response in (await put(workflows, "42"), await get(workflows, "42/versions")):
        problem = assert_problem(response, 400, "INVALID_INPUT")
        assert problem["errors"][0]["field"] == "workflow_id"


async def test_only_developers_change_workflows(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    async with workflows.client(Role.OPERATOR) as client:
        response = await client.put(f"/api/v1/workflows/{workflow_id}", json={"workflow_json": SECOND})
    assert_problem(response, 403, "FORBIDDEN")
