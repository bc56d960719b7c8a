"""The limits are really reached: 50 MB and 1,000 nodes are stored and read back, one more is refused."""

import json

import httpx

from services.workflows.domain.limits import MAX_BYTES, MAX_NODES
from shared.jobs import DefinitionStore
from tests.component.workflows.service import Workflows, assert_nothing_stored
from tests.support.service import assert_problem
from tests.support.workflows import largest


async def upload(workflows: Workflows, content: bytes) -> httpx.Response:
    async with workflows.client() as client:
        return await client.post("/api/v1/workflows/upload", files={"file": ("big.json", content)}, timeout=60)


async def test_a_workflow_of_50_mb_and_1000_nodes_is_read_back_by_people_and_robots(workflows: Workflows) -> None:
    content = largest(MAX_BYTES, MAX_NODES)
    assert len(content) == MAX_BYTES
    response = await upload(workflows, content)
    assert response.status_code == 200, response.text
    async with workflows.client() as client:
        read = await client.get(f"/api/v1/workflows/{response.json()['workflow_id']}", timeout=60)
    assert content in read.content
    [job] = await workflows.documents("jobs")
    of_a_robots_claim = await DefinitionStore(workflows.runtime.store).get(job["definition_id"])
    assert of_a_robots_claim.encode() == content


async def test_a_file_one_byte_larger_is_refused(workflows: Workflows) -> None:
    response = await upload(workflows, largest(MAX_BYTES + 1, MAX_NODES))
    assert_problem(response, 413, "WORKFLOW_TOO_LARGE")
    await assert_nothing_stored(workflows)


async def test_a_body_that_goes_on_and_on_is_refused_before_its_end(workflows: Workflows) -> None:
    async with workflows.client() as client:
        response = await client.post("/api/v1/workflows/upload", files={"file": ("w.json", bytes(2 * MAX_BYTES))})
    assert_problem(response, 413, "WORKFLOW_TOO_LARGE")


async def test_a_definition_one_byte_larger_is_refused_in_a_json_body_too(workflows: Workflows) -> None:
    content = b'{"workflow_name":"n","workflow_json":%b}' % largest(MAX_BYTES + 1, MAX_NODES)
    async with workflows.client() as client:
        response = await client.post("/api/v1/workflows", content=content, headers={"Content-Type": "application/json"})
    assert_problem(response, 413, "WORKFLOW_TOO_LARGE")
    await assert_nothing_stored(workflows)


async def test_1001_nodes_are_refused(workflows: Workflows) -> None:
    content = json.dumps({"nodes": {str(number): {} for number in range(MAX_NODES + 1)}}).encode()
    assert_problem(await upload(workflows, content), 400, "INVALID_WORKFLOW")
    await assert_nothing_stored(workflows)
