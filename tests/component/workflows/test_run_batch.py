"""POST /jobs/batch (beyond.md, "Also needed")."""

import time
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest

from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows
from tests.support.eventually import eventually
from tests.support.service import assert_problem

KEY: Final = {"Idempotency-Key": "batch-4711"}
MAX_SECONDS: Final = 30
"""For 1000 jobs, however busy the machine is; alone it takes about one."""


async def stored_workflow(workflows: Workflows, **fields: Any) -> str:
    """The id of a workflow without jobs."""
    workflow_id: str = (await workflows.submit(trigger_type="webhook", **fields))["workflow_id"]
    return workflow_id


async def run_all(workflows: Workflows, jobs: Any, headers: Any = None) -> httpx.Response:
    """The answer to an operator."""
    async with workflows.client(Role.OPERATOR) as client:
        return await client.post("/api/v1/jobs/batch", json={"jobs": jobs}, headers=headers)


async def test_jobs_are_answered_in_the_order_of_the_request(workflows: Workflows) -> None:
    first, second = await stored_workflow(workflows), await stored_workflow(workflows, workflow_name="Second")
    wanted = [{"workflow_id": (first, second)[n % 2], "priority": n % 21, "variables": {"n": n}} for n in range(150)]
    answer = await run_all(workflows, wanted)
    assert answer.status_code == 200, answer.text
    jobs = answer.json()["jobs"]
    assert answer.json()["count"] == len(jobs) == 150
    asked = [(one["workflow_id"], one["priority"]) for one in wanted]
    assert [(job["workflow_id"], job["priority"]) for job in jobs] == asked
    stored = {job["_id"]: job["variables_json"] for job in await workflows.documents("jobs")}
    assert [stored[job["job_id"]] for job in jobs] == [f'{{"n":{n}}}' for n in range(150)]


async def test_every_job_of_a_batch_is_announced(workflows: Workflows) -> None:
    answer = await run_all(workflows, [{"workflow_id": await stored_workflow(workflows)}] * 5)
    made = {job["job_id"] for job in answer.json()["jobs"]}
    await eventually(lambda: {event.subject for event in workflows.events if event.type == "job.submitted"} == made)


async def test_a_thousand_jobs_are_taken_quickly(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    started = time.perf_counter()
    answer = await run_all(workflows, [{"workflow_id": workflow_id, "variables": {"n": n}} for n in range(1000)], KEY)
    seconds = time.perf_counter() - started
    assert answer.json()["count"] == len(await workflows.documents("jobs")) == 1000
    assert seconds < MAX_SECONDS


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"priority": 21}, "jobs.17.priority"),
        ({"workflow_id": "42"}, "jobs.17.workflow_id"),
        ({"variables": {"a": "x" * 300_000}}, "jobs.17.variables"),
        ({"run_at": "2030-01-01T00:00:00Z"}, "jobs.17.run_at"),
        ({"deadline_at": "2025-01-01T00:00:00Z"}, "jobs.17.deadline_at"),
        ({"required_tags": [""]}, "jobs.17.required_tags.0"),
    ],
)
async def test_one_invalid_job_refuses_the_batch_by_name(
    workflows: Workflows, fields: dict[str, Any], field: str
) -> None:
    workflow_id = await stored_workflow(workflows)
    jobs = [{"workflow_id": workflow_id, **(fields if n == 17 else {})} for n in range(20)]
    problem = assert_problem(await run_all(workflows, jobs, KEY), 400, "INVALID_INPUT")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert await workflows.documents("jobs") == []


async def test_one_unknown_workflow_or_version_refuses_the_batch(workflows: Workflows) -> None:
    known = {"workflow_id": await stored_workflow(workflows)}
    for unknown, code in (
        ({"workflow_id": str(uuid4())}, "WORKFLOW_NOT_FOUND"),
        ({**known, "version": 2}, "WORKFLOW_VERSION_NOT_FOUND"),
    ):
        answer = await run_all(workflows, [known, unknown, unknown, known])
        assert assert_problem(answer, 404, code)["detail"].startswith("jobs.1: ")
    assert await workflows.documents("jobs") == []


async def test_a_workflow_of_another_tenant_is_not_found(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    async with workflows.client(tenant_id="rival") as rival:
        answer = await rival.post("/api/v1/jobs/batch", json={"jobs": [{"workflow_id": workflow_id}]})
    assert_problem(answer, 404, "WORKFLOW_NOT_FOUND")


@pytest.mark.parametrize("n_jobs", [0, 1001])
async def test_a_batch_has_1_to_1000_jobs(workflows: Workflows, n_jobs: int) -> None:
    problem = assert_problem(await run_all(workflows, [{"workflow_id": str(uuid4())}] * n_jobs), 400, "INVALID_INPUT")
    assert problem["errors"][0]["field"] == "jobs"


@pytest.mark.parametrize("jobs", [None, {}, "jobs", [None], [[]]])
async def test_what_is_no_list_of_runs_is_refused(workflows: Workflows, jobs: Any) -> None:
    assert_problem(await run_all(workflows, jobs), 400, "INVALID_INPUT")


async def test_a_repeat_gets_the_same_answer(workflows: Workflows) -> None:
    jobs = [{"workflow_id": await stored_workflow(workflows)}] * 3
    first, again = await run_all(workflows, jobs, KEY), await run_all(workflows, jobs, KEY)
    assert first.content == again.content
    assert_problem(await run_all(workflows, jobs[:2], KEY), 409, "IDEMPOTENCY_KEY_REUSED")
    assert len(await workflows.documents("jobs")) == 3
