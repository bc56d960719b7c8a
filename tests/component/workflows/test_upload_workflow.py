"""POST /workflows/upload (contract): a `.json` file in a multipart form."""

import json
from typing import Any

import httpx
import pytest

from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows, assert_nothing_stored
from tests.support.service import assert_problem

URL = "/api/v1/workflows/upload"
DOCUMENT = {"nodes": {"n1": {}}, "connections": []}


async def upload(
    workflows: Workflows,
    document: Any = DOCUMENT,
    *,
    file_name: str = "my_workflow.json",
    form: dict[str, str] | None = None,
    query: dict[str, Any] | None = None,
    key: str | None = None,
    role: Role = Role.DEVELOPER,
) -> httpx.Response:
    content = document if isinstance(document, bytes) else json.dumps(document, indent=2).encode()
    headers = {} if key is None else {"Idempotency-Key": key}
    async with workflows.client(role) as client:
        return await client.post(
            URL, files={"file": (file_name, content)}, data=form or {}, params=query or {}, headers=headers
        )


async def stored(workflows: Workflows) -> dict[str, Any]:
    [workflow] = await workflows.documents("workflows")
    return workflow


async def test_an_uploaded_workflow_is_stored_and_queued(workflows: Workflows) -> None:
    response = await upload(workflows)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["message"] == "Workflow submitted and queued for lan execution"
    [job] = await workflows.documents("jobs")
    assert (job["_id"], job["priority"]) == (answer["job_id"], 10)
    async with workflows.client() as client:
        read = (await client.get(f"/api/v1/workflows/{answer['workflow_id']}")).json()
    assert (read["workflow_json"], read["workflow_name"], read["version"]) == (DOCUMENT, "my_workflow", 1)


@pytest.mark.parametrize(
    ("document", "options", "name"),
    [
        ({"metadata": {"name": "M"}, "workflow_name": "W", "name": "N"}, {}, "M"),
        ({"metadata": {"name": ""}, "workflow_name": "W", "name": "N"}, {}, "W"),
        ({"metadata": 1, "workflow_name": {}, "name": " N "}, {}, "N"),
        ({"name": "x" * 256}, {"file_name": "C:\\docs\\Invoices v2.JSON"}, "Invoices v2"),
        ({}, {"file_name": "../../etc/a.b.json"}, "a.b"),
        ({}, {"file_name": ".json"}, "Workflow"),
        ({"name": "N"}, {"form": {"workflow_name": "F"}}, "F"),
        ({"name": "N"}, {"form": {"workflow_name": "F"}, "query": {"workflow_name": "Q"}}, "Q"),
    ],
)
async def test_the_name_comes_from_the_request_the_document_or_the_file(
    workflows: Workflows, document: dict[str, Any], options: dict[str, Any], name: str
) -> None:
    response = await upload(workflows, {"nodes": {}, **document}, **options)
    assert response.status_code == 200, response.text
    assert (await stored(workflows))["name"] == name


async def test_the_documents_description_is_shown(workflows: Workflows) -> None:
    await upload(workflows, {"nodes": {}, "metadata": {"description": "What it does"}})
    assert (await stored(workflows))["description"] == "What it does"


async def test_options_may_be_form_fields_and_the_query_wins(workflows: Workflows) -> None:
    form = {"trigger_type": "webhook", "execution_mode": "internet", "priority": "3", "unknown": "x"}
    await upload(workflows, form=form, query={"priority": 0})
    workflow = await stored(workflows)
    assert (workflow["trigger_type"], workflow["execution_mode"], workflow["priority"]) == ("webhook", "internet", 0)


async def test_a_scheduled_upload_makes_its_schedule(workflows: Workflows) -> None:
    form = {"trigger_type": "scheduled", "schedule_cron": "0 9 * * 1-5"}
    answer = (await upload(workflows, form=form)).json()
    [schedule] = await workflows.documents("schedules")
    assert answer["schedule_id"] == schedule["_id"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"form": {"trigger_type": "sometimes"}}, "trigger_type"),
        ({"query": {"trigger_type": "sometimes"}}, "trigger_type"),
        ({"form": {"priority": "21"}}, "priority"),
        ({"form": {"priority": "high"}}, "priority"),
        ({"query": {"priority": -1}}, "priority"),
        ({"form": {"execution_mode": "wan"}}, "execution_mode"),
        ({"form": {"workflow_name": ""}}, "workflow_name"),
        ({"query": {"workflow_name": "n" * 256}}, "workflow_name"),
        ({"form": {"trigger_type": "scheduled"}}, "schedule_cron"),
        ({"file_name": "workflow.txt"}, "file"),
        ({"file_name": "workflow.json.exe"}, "file"),
    ],
)
async def test_a_bad_option_is_refused_by_name(workflows: Workflows, options: dict[str, Any], field: str) -> None:
    problem = assert_problem(await upload(workflows, **options), 400, "INVALID_INPUT")
    assert [error["field"] for error in problem["errors"]] == [field]
    await assert_nothing_stored(workflows)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"nodes":{"a":NaN}}', b'{"nodes":{"a":"\\ud800"}}', b"\xff", b"[" * 10_000]
)
async def test_a_file_that_is_no_json_object_is_refused(workflows: Workflows, content: bytes) -> None:
    assert_problem(await upload(workflows, content), 400, "INVALID_WORKFLOW")
    await assert_nothing_stored(workflows)


async def test_a_bad_node_is_refused_by_its_name(workflows: Workflows) -> None:
    problem = assert_problem(await upload(workflows, {"nodes": {"fetch": 1}}), 400, "INVALID_WORKFLOW")
    assert problem["errors"] == [{"field": "workflow_json.nodes.fetch", "message": "node 'fetch' is not an object"}]


async def test_a_byte_order_mark_and_white_space_are_no_offence(workflows: Workflows) -> None:
    response = await upload(workflows, b"\xef\xbb\xbf\r\n " + json.dumps(DOCUMENT).encode() + b"\r\n")
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "request_of",
    [
        {"json": DOCUMENT},
        {"content": b""},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
        {"content": b"--b\r\nno header", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        {"files": {"other": ("w.json", b"{}")}},
        {"files": {"other": (None, b"{}")}, "data": {"file": "text"}},
        {"files": [("file", ("a.json", b"{}")), ("file", ("b.json", b"{}"))]},
        {"files": {"file": ("w.json", b"{}")}, "data": {"workflow_name": "x" * 10_000}},
        {"files": {"file": ("w.json", b"{}")}, "data": {str(number): "" for number in range(40)}},
        {
            "content": b'--b\r\nContent-Disposition: form-data; name="file"; filename="w.json"\r\n\r\n{"nodes":{}}',
            "headers": {"Content-Type": "multipart/form-data; boundary=b"},
        },
    ],
)
async def test_a_body_that_is_no_form_with_one_file_is_refused(
    workflows: Workflows, request_of: dict[str, Any]
) -> None:
    async with workflows.client() as client:
        assert_problem(await client.post(URL, **request_of), 400, "INVALID_INPUT")
    await assert_nothing_stored(workflows)


async def test_a_repeat_with_its_key_gets_the_first_answer(workflows: Workflows) -> None:
    first = await upload(workflows, key="k1")
    again = await upload(workflows, key="k1")
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    await stored(workflows)


@pytest.mark.parametrize(
    "other", [{"document": {"nodes": {}}}, {"form": {"priority": "1"}}, {"query": {"priority": 1}}]
)
async def test_the_same_key_with_another_upload_conflicts(workflows: Workflows, other: dict[str, Any]) -> None:
    await upload(workflows, key="k1")
    assert_problem(await upload(workflows, key="k1", **other), 409, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_a_role_too_low_is_forbidden(workflows: Workflows, role: Role) -> None:
    assert_problem(await upload(workflows, role=role), 403, "FORBIDDEN")
    await assert_nothing_stored(workflows)


async def test_a_call_without_identity_is_unauthenticated(workflows: Workflows) -> None:
    async with workflows.client_as(None) as client:
        assert_problem(await client.post(URL, files={"file": ("w.json", b"{}")}), 401, "UNAUTHENTICATED")
