"""The routes by which the workflows service makes schedules."""

from typing import Any

import httpx

from shared.kernel.identity import Identity
from tests.component.scheduler.service import Scheduler, body
from tests.support.service import assert_problem

SCHEDULE_ID = "770e8400-e29b-41d4-a716-446655440002"


def service_client(scheduler: Scheduler, tenant_id: str = "default") -> httpx.AsyncClient:
    return scheduler.client_as(Identity(kind="service", subject="workflows", tenant_id=tenant_id))


def internal_body(**fields: Any) -> dict[str, Any]:
    return body(schedule_id=SCHEDULE_ID, created_by="u1", **fields)


async def test_a_schedule_is_made_under_the_given_id_in_the_tokens_tenant(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        response = await client.post("/internal/schedules", json=internal_body())
    assert response.status_code == 200
    assert response.json()["schedule_id"] == SCHEDULE_ID
    stored = await scheduler.schedule(SCHEDULE_ID)
    assert (stored["tenant_id"], stored["created_by"]) == ("default", "u1")


async def test_asking_again_returns_the_schedule_that_exists(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        first = await client.post("/internal/schedules", json=internal_body())
        scheduler.clock.advance(seconds=7200)
        second = await client.post("/internal/schedules", json=internal_body())
    assert second.json() == first.json()
    assert len(await scheduler.documents("schedules")) == 1


async def test_a_schedule_id_that_is_no_uuid_is_refused(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        response = await client.post("/internal/schedules", json={**internal_body(), "schedule_id": "s1"})
    assert_problem(response, 400, "INVALID_INPUT")


async def test_an_id_taken_in_another_tenant_is_a_conflict(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        await client.post("/internal/schedules", json=internal_body())
    await scheduler.runtime.store.collection("schedules").update_one({}, {"$set": {"tenant_id": "rival"}})
    async with service_client(scheduler) as client:
        response = await client.post("/internal/schedules", json=internal_body())
    assert_problem(response, 409, "CONCURRENT_CHANGE")


async def test_a_preview_tells_the_first_run_and_stores_nothing(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        response = await client.post(
            "/internal/schedules/preview", json={"cron_expression": "0 9 * * *", "timezone": "Asia/Tokyo"}
        )
    assert response.json() == {"next_run": "2026-01-02T00:00:00Z"}
    assert await scheduler.documents("schedules") == []


async def test_a_preview_refuses_a_bad_expression(scheduler: Scheduler) -> None:
    async with service_client(scheduler) as client:
        response = await client.post("/internal/schedules/preview", json={"cron_expression": "every day"})
    assert_problem(response, 400, "INVALID_CRON")
