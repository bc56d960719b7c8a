"""GET /workflows: pages, newest first, searched by name."""

from typing import Any

import pytest

from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows
from tests.support.service import assert_problem


async def listed(workflows: Workflows, tenant_id: str = "default", **query: Any) -> dict[str, Any]:
    """The answer to a list."""
    async with workflows.client(Role.VIEWER, tenant_id) as client:
        response = await client.get("/api/v1/workflows", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def names(answer: dict[str, Any]) -> list[str]:
    return [workflow["workflow_name"] for workflow in answer["workflows"]]


async def test_workflows_are_listed_newest_first_without_their_definitions(workflows: Workflows) -> None:
    first = await workflows.submit(workflow_name="first", metadata={"description": "d"}, execution_mode="internet")
    workflows.clock.advance(seconds=1)
    await workflows.submit(workflow_name="second", trigger_type="webhook")
    answer = await listed(workflows)
    assert names(answer) == ["second", "first"]
    assert (answer["total"], answer["limit"], answer["offset"]) == (2, 100, 0)
    assert answer["workflows"][1] == {
        "workflow_id": first["workflow_id"],
        "workflow_name": "first",
        "version": 1,
        "description": "d",
        "trigger_type": "manual",
        "execution_mode": "internet",
        "created_at": "2026-01-01T12:00:00Z",
        "updated_at": "2026-01-01T12:00:00Z",
    }


async def test_pages_follow_each_other_without_gaps(workflows: Workflows) -> None:
    for number in range(5):
        await workflows.submit(workflow_name=str(number))
        workflows.clock.advance(seconds=1)
    pages = [await listed(workflows, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [names(page) for page in pages] == [["4", "3"], ["2", "1"], ["0"], []]
    assert {page["total"] for page in pages} == {5}


@pytest.mark.parametrize(
    ("search", "found"),
    [("INVOICE", ["Invoices (2026)"]), ("(2026)", ["Invoices (2026)"]), ("straße", ["STRASSE"]), (".*", []), ("", 3)],
)
async def test_a_search_finds_parts_of_names_in_any_case_and_takes_nothing_for_a_pattern(
    workflows: Workflows, search: str, found: Any
) -> None:
    for name in ("Invoices (2026)", "STRASSE", "other"):
        await workflows.submit(workflow_name=name)
    answer = await listed(workflows, search=search)
    assert answer["total"] == (found if isinstance(found, int) else len(found))
    assert found == 3 or names(answer) == found


async def test_a_tenant_sees_only_its_own(workflows: Workflows) -> None:
    await workflows.submit()
    for tenant_id in ("rival", "defaul", "default|", "default2"):
        assert (await listed(workflows, tenant_id))["total"] == 0


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 501}, {"limit": "many"}, {"offset": -1}, {"search": "x" * 256}, {"search": "\0"}],
)
async def test_a_bad_query_is_refused_by_name(workflows: Workflows, query: dict[str, Any]) -> None:
    async with workflows.client() as client:
        problem = assert_problem(await client.get("/api/v1/workflows", params=query), 400, "INVALID_INPUT")
    assert [error["field"] for error in problem["errors"]] == list(query)
