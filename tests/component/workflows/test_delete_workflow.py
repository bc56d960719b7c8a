"""DELETE /workflows/{id}: nobody finds it afterwards, and what would start it is gone."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.scheduler.adapters.workflow_reader import MongoWorkflowReader
from shared.kernel.permissions import Role
from tests.component.workflows.service import Workflows, body, open_workflows
from tests.support.clock import ManualClock
from tests.support.eventually import eventually
from tests.support.service import assert_problem

DAY_SECONDS = 24 * 3600


class RecordingScheduler:
    """A scheduler that notes what it is asked, and answers as it is told."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[tuple[str, str]] = []
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        self.asked.append((request.method, request.url.path))
        if self._status == 0:
            raise httpx.ConnectError("refused")
        await JSONResponse({"deleted": 2}, status_code=self._status)(scope, receive, send)


async def delete(workflows: Workflows, workflow_id: str, tenant_id: str = "default") -> httpx.Response:
    async with workflows.client(tenant_id=tenant_id) as client:
        return await client.delete(f"/api/v1/workflows/{workflow_id}")


async def test_a_deleted_workflow_is_found_by_nobody(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    response = await delete(workflows, workflow_id)
    assert response.status_code == 200
    assert response.json() == {
        "status": "success",
        "message": f"Workflow deleted: {workflow_id}",
        "deleted_from": {"database": True, "filesystem": False},
    }
    path = f"/api/v1/workflows/{workflow_id}"
    async with workflows.client() as client:
        assert (await client.get("/api/v1/workflows")).json()["total"] == 0
        for gone in (
            await client.get(path),
            await client.get(path, params={"version": 1}),
            await client.get(f"{path}/versions"),
            await client.put(path, json={"workflow_json": {"nodes": {}}}),
            await client.delete(path),
        ):
            assert_problem(gone, 404, "WORKFLOW_NOT_FOUND")
    assert await MongoWorkflowReader(workflows.runtime.store).get("default", workflow_id) is None


async def test_the_deletion_is_announced(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    await delete(workflows, workflow_id)

    async def announced() -> bool:
        return "workflow.deleted" in [event.type for event in workflows.events]

    await eventually(announced)
    [event] = [event for event in workflows.events if event.type == "workflow.deleted"]
    assert (event.subject, event.aggregateversion, event.actorid) == (workflow_id, 2, "u1")
    assert b'"deleted_by":"u1"' in bytes(event.data)


async def test_its_schedules_are_deleted_before_the_answer(
    store_url: str, database_name: str, clock: ManualClock
) -> None:
    scheduler = RecordingScheduler()
    async with open_workflows(store_url, database_name, clock, scheduler) as workflows:
        workflow_id = (await workflows.submit())["workflow_id"]
        assert (await delete(workflows, workflow_id)).status_code == 200
    assert scheduler.asked == [("DELETE", f"/internal/workflows/{workflow_id}/schedules")]


@pytest.mark.parametrize("status", [0, 404, 500])
async def test_a_scheduler_that_does_not_answer_holds_nothing_up(
    store_url: str, database_name: str, clock: ManualClock, status: int
) -> None:
    async with open_workflows(store_url, database_name, clock, RecordingScheduler(status)) as workflows:
        workflow_id = (await workflows.submit())["workflow_id"]
        assert (await delete(workflows, workflow_id)).status_code == 200
        assert_problem(await delete(workflows, workflow_id), 404, "WORKFLOW_NOT_FOUND")


async def test_of_many_deletions_at_once_one_succeeds(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    answers = await asyncio.gather(*(delete(workflows, workflow_id) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]


async def test_a_repeated_submission_does_not_bring_a_deleted_workflow_back(workflows: Workflows) -> None:
    headers = {"Idempotency-Key": "k1"}
    async with workflows.client() as client:
        first = await client.post("/api/v1/workflows", json=body(), headers=headers)
        await delete(workflows, first.json()["workflow_id"])
        await workflows.runtime.store.collection("idempotency_keys").update_many(
            {}, {"$set": {"answer": None, "started_ms": 0}}
        )
        again = await client.post("/api/v1/workflows", json=body(), headers=headers)
    assert_problem(again, 409, "WORKFLOW_DELETED")


async def test_a_tombstone_goes_after_a_day_once_its_events_are_out(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    await delete(workflows, workflow_id)
    kept = (await workflows.submit())["workflow_id"]

    async def outboxes_are_empty() -> bool:
        return all(document["unsent"] == 0 for document in await workflows.documents("workflows"))

    await eventually(outboxes_are_empty)
    remove = workflows.remove_tombstones()
    workflows.clock.advance(seconds=DAY_SECONDS)
    assert await remove() == 0
    workflows.clock.advance(seconds=1)
    await workflows.runtime.store.collection("workflows").update_one({"_id": workflow_id}, {"$set": {"unsent": 1}})
    assert await remove() == 0
    await workflows.runtime.store.collection("workflows").update_one({"_id": workflow_id}, {"$set": {"unsent": 0}})
    assert await remove() == 1
    assert [document["_id"] for document in await workflows.documents("workflows")] == [kept]


async def test_unknown_foreign_and_malformed_ids_are_refused(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    assert_problem(await delete(workflows, workflow_id, "rival"), 404, "WORKFLOW_NOT_FOUND")
    assert_problem(await delete(workflows, str(uuid4())), 404, "WORKFLOW_NOT_FOUND")
    assert_problem(await delete(workflows, "42"), 400, "INVALID_INPUT")
    async with workflows.client() as client:
        assert (await client.get(f"/api/v1/workflows/{workflow_id}")).status_code == 200


async def test_only_developers_delete_workflows(workflows: Workflows) -> None:
    workflow_id = (await workflows.submit())["workflow_id"]
    async with workflows.client(Role.OPERATOR) as client:
        assert_problem(await client.delete(f"/api/v1/workflows/{workflow_id}"), 403, "FORBIDDEN")
