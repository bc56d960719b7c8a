"""Every documented refusal of POST /workflows, and that nothing is stored by it (clarifications 2 and 10)."""

from typing import Any

import pytest

from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows, assert_nothing_stored, body
from tests.support.service import assert_problem

INVALID_BODIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no name": ({"workflow_name": None}, "INVALID_INPUT", "workflow_name"),
    "an empty name": ({"workflow_name": ""}, "INVALID_INPUT", "workflow_name"),
    "a name of 256 characters": ({"workflow_name": "n" * 256}, "INVALID_INPUT", "workflow_name"),
    "a name with NUL": ({"workflow_name": "a\0"}, "INVALID_INPUT", "workflow_name"),
    "a name that is a list": ({"workflow_name": ["a"]}, "INVALID_INPUT", "workflow_name"),
    "no definition": ({"workflow_json": None}, "INVALID_INPUT", "workflow_json"),
    "a definition that is text": ({"workflow_json": '{"nodes": {}}'}, "INVALID_INPUT", "workflow_json"),
    "a definition that is a list": ({"workflow_json": [{"nodes": {}}]}, "INVALID_INPUT", "workflow_json"),
    "no nodes": ({"workflow_json": {}}, "INVALID_WORKFLOW", "workflow_json.nodes"),
    "nodes null": ({"workflow_json": {"nodes": None}}, "INVALID_WORKFLOW", "workflow_json.nodes"),
    "nodes as text": ({"workflow_json": {"nodes": "n"}}, "INVALID_WORKFLOW", "workflow_json.nodes"),
    "1001 nodes": (
        {"workflow_json": {"nodes": {str(n): {} for n in range(1001)}}},
        "INVALID_WORKFLOW",
        "workflow_json.nodes",
    ),
    "1001 nodes in an array": ({"workflow_json": {"nodes": [{}] * 1001}}, "INVALID_WORKFLOW", "workflow_json.nodes"),
    "an unknown trigger": ({"trigger_type": "sometimes"}, "INVALID_INPUT", "trigger_type"),
    "an unknown mode": ({"execution_mode": "wan"}, "INVALID_INPUT", "execution_mode"),
    "no cron expression": ({"trigger_type": "scheduled"}, "INVALID_INPUT", "schedule_cron"),
    "an empty cron expression": (
        {"trigger_type": "scheduled", "schedule_cron": ""},
        "INVALID_INPUT",
        "schedule_cron",
    ),
    "a bad cron expression": (
        {"trigger_type": "scheduled", "schedule_cron": "99 * * * *"},
        "INVALID_CRON",
        "schedule_cron",
    ),
    "a cron expression that never fires": (
        {"trigger_type": "scheduled", "schedule_cron": "0 0 30 2 *"},
        "INVALID_CRON",
        "schedule_cron",
    ),
    "priority -1": ({"priority": -1}, "INVALID_INPUT", "priority"),
    "priority 21": ({"priority": 21}, "INVALID_INPUT", "priority"),
    "priority as text": ({"priority": "high"}, "INVALID_INPUT", "priority"),
    "metadata that is text": ({"metadata": "m"}, "INVALID_INPUT", "metadata"),
    "a description that is a number": ({"metadata": {"description": 1}}, "INVALID_INPUT", "metadata.description"),
    "huge metadata": ({"metadata": {"a": "x" * 70_000}}, "INVALID_WORKFLOW", "metadata"),
}


@pytest.mark.parametrize("case", INVALID_BODIES)
async def test_an_invalid_body_is_refused_by_name(workflows: Workflows, case: str) -> None:
    fields, code, field = INVALID_BODIES[case]
    async with workflows.client() as client:
        response = await client.post("/api/v1/workflows", json=body(**fields), headers={"Idempotency-Key": "k1"})
    problem = assert_problem(response, 400, code)
    assert field in [error["field"] for error in problem["errors"]]
    await assert_nothing_stored(workflows)


@pytest.mark.parametrize("field", ["workflow_json", "metadata"])
@pytest.mark.parametrize("n_levels", [64, 300, 900])
async def test_deep_nesting_is_refused_by_name(workflows: Workflows, field: str, n_levels: int) -> None:
    nested = b'{"nodes":' * n_levels + b"{}" + b"}" * n_levels
    values = {"workflow_json": b'{"nodes":{}}', "metadata": b"{}", field: nested}
    content = b'{"workflow_name":"n","workflow_json":%(workflow_json)b,"metadata":%(metadata)b}' % {
        name.encode(): value for name, value in values.items()
    }
    async with workflows.client() as client:
        response = await client.post("/api/v1/workflows", content=content, headers={"Content-Type": "application/json"})
    assert "levels deep" in assert_problem(response, 400, "INVALID_WORKFLOW")["detail"]
    await assert_nothing_stored(workflows)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff\xfe", b"[" * 100_000]
)
async def test_a_body_that_is_no_json_object_is_refused(workflows: Workflows, content: bytes) -> None:
    async with workflows.client() as client:
        response = await client.post("/api/v1/workflows", content=content, headers={"Content-Type": "application/json"})
    assert_problem(response, 400, "INVALID_INPUT")
    await assert_nothing_stored(workflows)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_a_role_too_low_is_forbidden(workflows: Workflows, role: Role) -> None:
    async with workflows.client(role) as client:
        response = await client.post("/api/v1/workflows", json=body())
    assert_problem(response, 403, "FORBIDDEN")
    await assert_nothing_stored(workflows)


async def test_a_robots_key_submits_nothing(workflows: Workflows) -> None:
    async with workflows.client_as(Identity(kind="robot", subject="k1", tenant_id="default")) as client:
        response = await client.post("/api/v1/workflows", json=body())
    assert_problem(response, 403, "FORBIDDEN")
    await assert_nothing_stored(workflows)


async def test_a_call_without_identity_is_unauthenticated(workflows: Workflows) -> None:
    async with workflows.client_as(None) as client:
        response = await client.post("/api/v1/workflows", json=body())
    assert_problem(response, 401, "UNAUTHENTICATED")
    assert "WWW-Authenticate" in response.headers
    await assert_nothing_stored(workflows)


@pytest.mark.parametrize("key", ["", "k" * 256, "naïve", "tab\there"])
async def test_an_idempotency_key_that_is_empty_too_long_or_unprintable_is_refused(
    workflows: Workflows, key: str
) -> None:
    async with workflows.client() as client:
        response = await client.post(
            "/api/v1/workflows", json=body(), headers=[(b"Idempotency-Key", key.encode("latin-1"))]
        )
    problem = assert_problem(response, 400, "INVALID_INPUT")
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    await assert_nothing_stored(workflows)
