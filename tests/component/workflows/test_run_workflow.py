"""POST /jobs (beyond.md, "Also needed"; clarifications 5, 14 and 15)."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows
from tests.support.eventually import eventually
from tests.support.service import assert_problem

NOW = "2026-01-01T12:00:00Z"
KEY = {"Idempotency-Key": "run-4711"}
MAX_BYTES = 256 * 1024
DEEP: Any = {}
for _ in range(64):
    DEEP = {"a": DEEP}

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no workflow": ({"workflow_id": None}, "workflow_id"),
    "an id that is no UUID": ({"workflow_id": "42"}, "workflow_id"),
    "an id without end": ({"workflow_id": "4" * 65}, "workflow_id"),
    "version 0": ({"version": 0}, "version"),
    "a version as text": ({"version": "1"}, "version"),
    "variables that are a list": ({"variables": []}, "variables"),
    "large variables": ({"variables": {"a": "x" * MAX_BYTES}}, "variables"),
    "deep variables": ({"variables": DEEP}, "variables"),
    "priority -1": ({"priority": -1}, "priority"),
    "priority 21": ({"priority": 21}, "priority"),
    "a priority as text": ({"priority": "5"}, "priority"),
    "an empty environment": ({"environment": ""}, "environment"),
    "a long environment": ({"environment": "e" * 65}, "environment"),
    "an unknown mode": ({"execution_mode": "wan"}, "execution_mode"),
    "101 capabilities": ({"required_capabilities": [str(n) for n in range(101)]}, "required_capabilities"),
    "an empty capability": ({"required_capabilities": ["a", ""]}, "required_capabilities.1"),
    "a long tag": ({"required_tags": ["t" * 129]}, "required_tags.0"),
    "a tag with NUL": ({"required_tags": ["\0"]}, "required_tags.0"),
    "an empty robot": ({"robot_id": ""}, "robot_id"),
    "a robot of 65 characters": ({"robot_id": "r" * 65}, "robot_id"),
    "a time without zone": ({"run_at": "2026-01-02T00:00:00"}, "run_at"),
    "a time that is none": ({"run_at": "tomorrow"}, "run_at"),
    "a time years ahead": ({"run_at": "2027-01-03T00:00:00Z"}, "run_at"),
    "a deadline that has passed": ({"deadline_at": NOW}, "deadline_at"),
    "a deadline without zone": ({"deadline_at": "2026-01-02T00:00:00"}, "deadline_at"),
    "a deadline before it may run": (
        {"run_at": "2026-01-03T00:00:00Z", "deadline_at": "2026-01-02T00:00:00Z"},
        "deadline_at",
    ),
    "no time to run": ({"timeout_seconds": 0}, "timeout_seconds"),
    "more than a day to run": ({"timeout_seconds": 86_401}, "timeout_seconds"),
    "half a second": ({"timeout_seconds": 0.5}, "timeout_seconds"),
    "no attempt": ({"max_attempts": 0}, "max_attempts"),
    "21 attempts": ({"max_attempts": 21}, "max_attempts"),
}


async def stored_workflow(workflows: Workflows, **fields: Any) -> str:
    """The id of a workflow without jobs."""
    workflow_id: str = (await workflows.submit(trigger_type="webhook", **fields))["workflow_id"]
    return workflow_id


async def run(workflows: Workflows, workflow_id: str, headers: Any = None, **fields: Any) -> httpx.Response:
    """The answer to an operator."""
    async with workflows.client(Role.OPERATOR) as client:
        return await client.post("/api/v1/jobs", json={"workflow_id": workflow_id, **fields}, headers=headers)


async def the_job(workflows: Workflows) -> dict[str, Any]:
    """The only job there is."""
    [job] = await workflows.documents("jobs")
    return job


async def test_what_is_left_out_is_as_the_workflow_has_it(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows, priority=3, execution_mode="internet")
    answer = await run(workflows, workflow_id.upper())
    assert answer.status_code == 200, answer.text
    job = await the_job(workflows)
    assert answer.json() == {
        "job_id": job["_id"],
        "workflow_id": workflow_id,
        "workflow_name": "My Workflow",
        "workflow_version": 1,
        "status": "pending",
        "priority": 3,
        "environment": "default",
        "execution_mode": "internet",
        "created_at": NOW,
        "run_at": NOW,
        "deadline_at": None,
        "timeout_seconds": 3600,
        "max_attempts": 3,
    }
    assert (job["tenant_id"], job["created_by"], job["trigger"]) == ("default", "u1", "manual")
    assert job["variables_json"] == "{}"
    assert job["queue_position"] is not None
    assert (job["must_end_ms"], job["deadline_ms"]) == (None, None)


async def test_everything_that_is_asked_stands_in_the_job(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    answer = await run(
        workflows,
        workflow_id,
        version=1,
        variables={"month": "2026-01", "n": [1, {"a": None}]},
        priority=0,
        environment="production",
        execution_mode="internet",
        required_capabilities=["desktop", "browser", "desktop"],
        required_tags=["b", "a"],
        robot_id="robot-1",
        timeout_seconds=86_400,
        max_attempts=20,
    )
    assert answer.status_code == 200, answer.text
    job = await the_job(workflows)
    assert json.loads(job["variables_json"]) == {"month": "2026-01", "n": [1, {"a": None}]}
    assert (job["priority"], job["timeout_seconds"], job["max_attempts"]) == (0, 86_400, 20)
    assert job["requirements"] == {
        "environment": "production",
        "execution_mode": "internet",
        "capabilities": ["browser", "desktop"],
        "tags": ["a", "b"],
        "robot_id": "robot-1",
    }


async def test_a_job_may_wait_for_its_time(workflows: Workflows) -> None:
    answer = await run(workflows, await stored_workflow(workflows), run_at="2026-12-31T14:00:00+02:00")
    job = await the_job(workflows)
    assert answer.json()["run_at"] == "2026-12-31T12:00:00Z"
    assert job["queue_position"] is None
    assert job["waiting_until_ms"] == job["run_at_ms"] == job["created_ms"] + 364 * 86_400_000


async def test_a_time_that_has_passed_means_now(workflows: Workflows) -> None:
    answer = await run(workflows, await stored_workflow(workflows), run_at="0001-01-01T00:00:00+14:00")
    assert answer.json()["run_at"] == NOW
    assert (await the_job(workflows))["queue_position"] is not None


async def test_a_deadline_is_set_from_the_beginning(workflows: Workflows) -> None:
    answer = await run(workflows, await stored_workflow(workflows), deadline_at="2026-01-01T12:00:00.001Z")
    job = await the_job(workflows)
    assert answer.json()["deadline_at"] == "2026-01-01T12:00:00.001000Z"
    assert job["must_end_ms"] == job["deadline_ms"] == job["created_ms"] + 1


async def test_an_older_version_can_be_run(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    [stored] = await workflows.documents("workflows")
    second = {**stored["versions"]["1"], "definition_id": "second"}
    change = {"$set": {"versions.2": second, "current_version": 2}}
    await workflows.runtime.store.collection("workflows").update_one({"_id": workflow_id}, change)
    newest, older = await run(workflows, workflow_id), await run(workflows, workflow_id, version=1)
    assert (newest.json()["workflow_version"], older.json()["workflow_version"]) == (2, 1)
    definitions = {job["workflow_version"]: job["definition_id"] for job in await workflows.documents("jobs")}
    assert definitions == {1: stored["versions"]["1"]["definition_id"], 2: "second"}


async def test_a_run_is_announced(workflows: Workflows) -> None:
    answer = await run(workflows, await stored_workflow(workflows))
    await eventually(
        lambda: [e.subject for e in workflows.events if e.type == "job.submitted"] == [answer.json()["job_id"]]
    )


async def test_variables_may_take_256_kib(workflows: Workflows) -> None:
    variables = {"a": "x" * (MAX_BYTES - len('{"a":""}'))}
    assert (await run(workflows, await stored_workflow(workflows), variables=variables)).status_code == 200


@pytest.mark.parametrize("case", INVALID)
async def test_an_invalid_run_is_refused_by_name(workflows: Workflows, case: str) -> None:
    fields, field = INVALID[case]
    workflow_id = await stored_workflow(workflows)
    answer = await run(workflows, headers=KEY, **{"workflow_id": workflow_id, **fields})
    problem = assert_problem(answer, 400, "INVALID_INPUT")
    assert field in [error["field"] for error in problem["errors"]]
    assert await workflows.documents("jobs") == []
    assert await workflows.documents("idempotency_keys") == []


async def test_a_workflow_or_version_that_is_unknown_is_not_found(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    assert_problem(await run(workflows, str(uuid4())), 404, "WORKFLOW_NOT_FOUND")
    assert_problem(await run(workflows, workflow_id, version=2), 404, "WORKFLOW_VERSION_NOT_FOUND")
    assert_problem(await run(workflows, workflow_id, version=10**30), 404, "WORKFLOW_VERSION_NOT_FOUND")
    async with workflows.client(tenant_id="rival") as rival:
        answer = await rival.post("/api/v1/jobs", json={"workflow_id": workflow_id})
    assert_problem(answer, 404, "WORKFLOW_NOT_FOUND")
    assert await workflows.documents("jobs") == []


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/jobs/batch"])
async def test_who_may_not_operate_runs_nothing(workflows: Workflows, path: str) -> None:
    one = {"workflow_id": await stored_workflow(workflows)}
    sent = {"jobs": [one]} if path.endswith("batch") else one
    robot = workflows.client_as(Identity(kind="robot", subject="k1", tenant_id="default"))
    async with workflows.client(Role.VIEWER) as viewer, robot, workflows.client_as(None) as nobody:
        assert_problem(await viewer.post(path, json=sent), 403, "FORBIDDEN")
        assert_problem(await robot.post(path, json=sent), 403, "FORBIDDEN")
        assert_problem(await nobody.post(path, json=sent), 401, "UNAUTHENTICATED")
    assert await workflows.documents("jobs") == []


async def test_a_repeat_with_the_same_key_finds_the_first_job(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    first, again = await run(workflows, workflow_id, KEY), await run(workflows, workflow_id, KEY)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert_problem(await run(workflows, workflow_id, KEY, priority=1), 409, "IDEMPOTENCY_KEY_REUSED")
    await the_job(workflows)


async def test_many_repeats_at_once_make_one_job(workflows: Workflows) -> None:
    workflow_id = await stored_workflow(workflows)
    answers = await asyncio.gather(*(run(workflows, workflow_id, KEY) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    await the_job(workflows)
