"""Deleting schedules: by a user, and with their workflow."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from services.scheduler.adapters.schedule_store import MongoSchedules
from services.scheduler.domain.schedule import Schedule
from services.scheduler.use_cases.remove_deleted_schedules import KEEP_MS, RemoveDeletedSchedules
from shared.events import EventData, encode, wrap
from shared.events.scheduler import ScheduleDeleted
from shared.events.workflows import WorkflowDeleted
from shared.kernel.identity import Identity
from shared.kernel.permissions import Role
from shared.messaging import Message
from tests.component.scheduler.service import WORKFLOW_ID, Scheduler, body, store_workflow
from tests.support.eventually import eventually
from tests.support.service import assert_problem

HOUR_SECONDS = 3600
OTHER_WORKFLOW_ID = "660e8400-e29b-41d4-a716-446655440001"


def service_client(scheduler: Scheduler, tenant_id: str = "default") -> httpx.AsyncClient:
    return scheduler.client_as(Identity(kind="service", subject="workflows", tenant_id=tenant_id))


async def delete(scheduler: Scheduler, schedule_id: str) -> httpx.Response:
    async with scheduler.client(Role.DEVELOPER) as client:
        return await client.delete(f"/api/v1/schedules/{schedule_id}")


async def remove_deleted(scheduler: Scheduler) -> int:
    return await RemoveDeletedSchedules(scheduler.parts.schedules, scheduler.clock)()


async def listed(scheduler: Scheduler) -> list[str]:
    async with scheduler.client() as client:
        return [schedule["schedule_id"] for schedule in (await client.get("/api/v1/schedules")).json()]


async def test_a_deleted_schedule_is_gone(scheduler: Scheduler) -> None:
    kept = await scheduler.create()
    schedule_id = (await scheduler.create())["schedule_id"]
    response = await delete(scheduler, schedule_id.upper())
    assert response.status_code == 200
    assert response.json() == {"status": "success", "message": f"Schedule deleted: {schedule_id}"}
    path = f"/api/v1/schedules/{schedule_id}"
    async with scheduler.client() as client:
        for method, suffix in (("GET", ""), ("PUT", "/enable"), ("PUT", "/disable"), ("PUT", "/trigger")):
            assert_problem(await client.request(method, path + suffix), 404, "SCHEDULE_NOT_FOUND")
        upcoming = (await client.get("/api/v1/schedules/upcoming")).json()
    assert await listed(scheduler) == [schedule["schedule_id"] for schedule in upcoming] == [kept["schedule_id"]]


async def test_a_schedule_is_deleted_once(scheduler: Scheduler) -> None:
    schedule_id = (await scheduler.create())["schedule_id"]
    answers = await asyncio.gather(*(delete(scheduler, schedule_id) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 404, 404, 404, 404]
    assert_problem(await delete(scheduler, schedule_id), 404, "SCHEDULE_NOT_FOUND")
    await scheduler.event("schedule.deleted")
    assert [event.type for event in scheduler.events] == ["schedule.created", "schedule.deleted"]


async def test_a_deletion_tells_which_schedule_and_who_asked(scheduler: Scheduler) -> None:
    created = await scheduler.create()
    await delete(scheduler, created["schedule_id"])
    event = await scheduler.event("schedule.deleted")
    assert (event.subject, event.tenantid, event.aggregateversion) == (created["schedule_id"], "default", 2)
    assert (event.actorkind, event.actorid) == ("user", "u1")
    assert event.data_as(ScheduleDeleted) == ScheduleDeleted(
        schedule_id=created["schedule_id"], schedule_name=created["schedule_name"], workflow_id=WORKFLOW_ID
    )


async def test_a_deleted_schedule_fires_no_more(scheduler: Scheduler) -> None:
    schedule_id = (await scheduler.create(misfire_policy="fire_all"))["schedule_id"]
    await delete(scheduler, schedule_id)
    scheduler.clock.advance(seconds=5 * HOUR_SECONDS)
    await scheduler.parts.fire_due()
    assert await scheduler.documents("jobs") == []


class DeletedWhileItFires(MongoSchedules):
    """A user deletes the schedule after its first job was made, before that is noted."""

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        await super().save(before, before.delete(after.updated_ms), ScheduleDeleted("s", "n", "w"))
        return await super().save(before, after, event)


async def test_a_firing_under_way_makes_the_job_of_its_due_time_and_nothing_later(
    scheduler: Scheduler,
) -> None:
    schedule_id = (await scheduler.create(misfire_policy="fire_all"))["schedule_id"]
    scheduler.clock.advance(seconds=4 * HOUR_SECONDS)
    await scheduler.replica_with(DeletedWhileItFires)()
    await scheduler.parts.fire_due()
    [job] = await scheduler.job_ids()
    assert job.startswith(f"sched_{schedule_id}_")
    assert await listed(scheduler) == []


async def test_what_a_deletion_leaves_is_removed_a_day_later(scheduler: Scheduler) -> None:
    kept = await scheduler.create()
    deleted = await scheduler.create()
    await delete(scheduler, deleted["schedule_id"])

    async def is_announced() -> bool:
        return bool((await scheduler.schedule(deleted["schedule_id"]))["unsent"] == 0)

    await eventually(is_announced)
    assert await remove_deleted(scheduler) == 0
    scheduler.clock.advance(ms=KEEP_MS)
    assert await remove_deleted(scheduler) == 1
    assert [schedule["_id"] for schedule in await scheduler.documents("schedules")] == [kept["schedule_id"]]


async def test_a_deletion_that_is_not_announced_yet_is_not_forgotten(scheduler: Scheduler) -> None:
    schedule_id = (await scheduler.create())["schedule_id"]
    change = {"$set": {"deleted_ms": 1, "unsent": 1, "place": None}}
    await scheduler.runtime.store.collection("schedules").update_one({"_id": schedule_id}, change)
    assert await remove_deleted(scheduler) == 0


async def test_a_repeated_request_does_not_bring_a_deleted_schedule_back(scheduler: Scheduler) -> None:
    schedule_id = "770e8400-e29b-41d4-a716-446655440002"
    request = body(schedule_id=schedule_id, created_by="u1")
    async with service_client(scheduler) as client:
        await client.post("/internal/schedules", json=request)
        await delete(scheduler, schedule_id)
        assert_problem(await client.post("/internal/schedules", json=request), 409, "CONCURRENT_CHANGE")
    assert await listed(scheduler) == []


async def test_the_schedules_of_a_workflow_are_deleted_together(scheduler: Scheduler) -> None:
    await store_workflow(scheduler, OTHER_WORKFLOW_ID)
    other = await scheduler.create(workflow_id=OTHER_WORKFLOW_ID)
    for enabled in (True, False, True):
        await scheduler.create(enabled=enabled)
    path = f"/internal/workflows/{WORKFLOW_ID.upper()}/schedules"
    async with service_client(scheduler) as client:
        first, again = await client.delete(path), await client.delete(path)
    assert (first.status_code, first.json()) == (200, {"deleted": 3})
    assert (again.status_code, again.json()) == (200, {"deleted": 0})
    assert await listed(scheduler) == [other["schedule_id"]]
    await eventually(lambda: [event.type for event in scheduler.events].count("schedule.deleted") == 3)


async def test_more_schedules_than_are_deleted_at_once_all_go(scheduler: Scheduler) -> None:
    await asyncio.gather(*(scheduler.create() for _ in range(70)))
    async with service_client(scheduler) as client:
        answers = await asyncio.gather(*(client.delete(f"/internal/workflows/{WORKFLOW_ID}/schedules") for _ in "ab"))
    assert sum(answer.json()["deleted"] for answer in answers) == 70
    assert await listed(scheduler) == []


async def test_another_tenants_schedules_stay(scheduler: Scheduler) -> None:
    created = await scheduler.create()
    async with service_client(scheduler, "rival") as client:
        response = await client.delete(f"/internal/workflows/{WORKFLOW_ID}/schedules")
    assert response.json() == {"deleted": 0}
    assert await listed(scheduler) == [created["schedule_id"]]


async def test_a_workflow_id_that_is_no_uuid_is_refused(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        assert_problem(await client.delete("/internal/workflows/42/schedules"), 400, "INVALID_INPUT")


@pytest.fixture
async def consuming(scheduler: Scheduler) -> AsyncIterator[Scheduler]:
    async with scheduler.app.router.lifespan_context(scheduler.app):
        yield scheduler


async def test_the_event_of_a_workflows_deletion_deletes_its_schedules(consuming: Scheduler) -> None:
    await consuming.create()
    event = wrap(
        WorkflowDeleted(workflow_id=WORKFLOW_ID, workflow_name="Invoice Processing", version=1),
        event_id="e1",
        subject=WORKFLOW_ID,
        tenant_id="default",
        version=2,
        at_ms=consuming.clock.now_ms(),
    )
    for _ in range(2):  # delivery is at least once
        assert await consuming.runtime.bus.publish([Message(event.id, event.type, encode(event))]) == [True]

    async def is_empty() -> bool:
        return await listed(consuming) == []

    await eventually(is_empty)
    await consuming.event("schedule.deleted")
    assert [event.type for event in consuming.events].count("schedule.deleted") == 1
