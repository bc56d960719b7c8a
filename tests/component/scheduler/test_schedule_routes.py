"""What the schedule routes answer when all is well (contract, Schedule Endpoints)."""

from datetime import datetime

import pytest

from shared.kernel.ids import is_uuid
from shared.kernel.permissions import Role
from tests.component.scheduler.service import WORKFLOW_ID, Scheduler, body, store_workflow
from tests.support.eventually import eventually

OTHER_WORKFLOW_ID = "660e8400-e29b-41d4-a716-446655440001"


async def test_a_schedule_is_created_with_every_documented_field(scheduler: Scheduler) -> None:
    async with scheduler.client(Role.DEVELOPER) as client:
        response = await client.post(
            "/api/v1/schedules",
            json={
                "workflow_id": WORKFLOW_ID,
                "schedule_name": "Daily Invoice Processing",
                "cron_expression": "0 9 * * 1-5",
                "enabled": True,
                "priority": 3,
                "execution_mode": "internet",
                "timezone": "Europe/Berlin",
                "misfire_policy": "fire_all",
                "overlap_policy": "skip",
                "metadata": {"workflow_name": "Invoice Processing", "nested": [{"a": 1}]},
            },
        )
    assert response.status_code == 200
    answer = response.json()
    assert is_uuid(answer.pop("schedule_id"))
    assert answer == {
        "workflow_id": WORKFLOW_ID,
        "schedule_name": "Daily Invoice Processing",
        "cron_expression": "0 9 * * 1-5",
        "timezone": "Europe/Berlin",
        "enabled": True,
        "priority": 3,
        "execution_mode": "internet",
        "misfire_policy": "fire_all",
        "overlap_policy": "skip",
        "metadata": {"workflow_name": "Invoice Processing", "nested": [{"a": 1}]},
        "next_run": "2026-01-02T08:00:00Z",
        "last_run": None,
        "run_count": 0,
        "failure_count": 0,
        "created_at": "2026-01-01T12:00:00Z",
        "updated_at": "2026-01-01T12:00:00Z",
    }


async def test_what_is_left_out_gets_the_documented_defaults(scheduler: Scheduler) -> None:
    answer = await scheduler.create()
    assert answer["enabled"] is True
    assert answer["priority"] == 10
    assert answer["execution_mode"] == "lan"
    assert answer["timezone"] == "UTC"
    assert answer["misfire_policy"] == "fire_once"
    assert answer["overlap_policy"] == "allow"
    assert answer["metadata"] == {}


async def test_a_schedule_created_disabled_has_no_next_run(scheduler: Scheduler) -> None:
    assert (await scheduler.create(enabled=False))["next_run"] is None


async def test_a_created_schedule_is_announced(scheduler: Scheduler) -> None:
    answer = await scheduler.create()
    event = await eventually(lambda: next((e for e in scheduler.events if e.type == "schedule.created"), None))
    assert event.subject == answer["schedule_id"]
    assert event.tenantid == "default"
    assert event.aggregateversion == 1


async def test_a_schedule_is_read_back_as_it_was_created(scheduler: Scheduler) -> None:
    created = await scheduler.create()
    async with scheduler.client(Role.VIEWER) as client:
        response = await client.get(f"/api/v1/schedules/{created['schedule_id'].upper()}")
    assert response.status_code == 200
    assert response.json() == created


async def test_schedules_are_listed_oldest_first(scheduler: Scheduler) -> None:
    names = ["first", "second", "third"]
    for name in names:
        await scheduler.create(schedule_name=name)
        scheduler.clock.advance(seconds=1)
    async with scheduler.client(Role.VIEWER) as client:
        everything = await client.get("/api/v1/schedules")
        two = await client.get("/api/v1/schedules", params={"limit": 2})
    assert [schedule["schedule_name"] for schedule in everything.json()] == names
    assert [schedule["schedule_name"] for schedule in two.json()] == names[:2]


async def test_lists_are_filtered_by_workflow_and_by_state(scheduler: Scheduler) -> None:
    await store_workflow(scheduler, OTHER_WORKFLOW_ID)
    await scheduler.create(schedule_name="on")
    await scheduler.create(schedule_name="off", enabled=False)
    await scheduler.create(schedule_name="other", workflow_id=OTHER_WORKFLOW_ID)

    async def names(**params: str) -> list[str]:
        async with scheduler.client() as client:
            response = await client.get("/api/v1/schedules", params=params)
        return sorted(schedule["schedule_name"] for schedule in response.json())

    assert await names(enabled="true") == ["on", "other"]
    assert await names(enabled="false") == ["off"]
    assert await names(workflow_id=OTHER_WORKFLOW_ID) == ["other"]
    assert await names(workflow_id=WORKFLOW_ID.upper(), enabled="true") == ["on"]


async def test_upcoming_names_enabled_schedules_by_their_next_run(scheduler: Scheduler) -> None:
    daily = await scheduler.create(schedule_name="daily", cron_expression="0 9 * * *")
    soon = await scheduler.create(schedule_name="soon", cron_expression="*/15 * * * *")
    await scheduler.create(schedule_name="off", enabled=False)
    async with scheduler.client(Role.VIEWER) as client:
        response = await client.get("/api/v1/schedules/upcoming")
        first = await client.get("/api/v1/schedules/upcoming", params={"limit": 1})
        none = await client.get("/api/v1/schedules/upcoming", params={"workflow_id": OTHER_WORKFLOW_ID})
    assert response.status_code == 200
    expected = [
        {
            "schedule_id": schedule["schedule_id"],
            "schedule_name": schedule["schedule_name"],
            "workflow_id": WORKFLOW_ID,
            "workflow_name": "Invoice Processing",
            "next_run": next_run,
            "type": "cron",
            "status": "active",
        }
        for schedule, next_run in ((soon, "2026-01-01T12:15:00Z"), (daily, "2026-01-02T09:00:00Z"))
    ]
    assert response.json() == expected
    assert first.json() == expected[:1]
    assert none.json() == []


async def test_disabling_takes_the_next_run_away_and_enabling_computes_it_anew(scheduler: Scheduler) -> None:
    created = await scheduler.create()
    path = f"/api/v1/schedules/{created['schedule_id']}"
    async with scheduler.client(Role.OPERATOR) as client:
        disabled = await client.put(f"{path}/disable")
        scheduler.clock.advance(seconds=2 * 3600)
        enabled = await client.put(f"{path}/enable")
    assert disabled.status_code == enabled.status_code == 200
    assert disabled.json() == {**created, "enabled": False, "next_run": None}
    assert enabled.json() == {
        **created,
        "enabled": True,
        "next_run": "2026-01-01T15:00:00Z",
        "updated_at": "2026-01-01T14:00:00Z",
    }
    types = await eventually(lambda: [event.type for event in scheduler.events] if len(scheduler.events) == 3 else None)
    assert types == ["schedule.created", "schedule.disabled", "schedule.enabled"]


@pytest.mark.parametrize(("switch", "enabled"), [("enable", True), ("disable", False)])
async def test_switching_to_the_present_state_changes_nothing(scheduler: Scheduler, switch: str, enabled: bool) -> None:
    created = await scheduler.create(enabled=enabled)
    scheduler.clock.advance(seconds=2 * 3600)
    async with scheduler.client() as client:
        response = await client.put(f"/api/v1/schedules/{created['schedule_id']}/{switch}")
    assert response.json() == created
    assert (await scheduler.schedule(created["schedule_id"]))["version"] == 1


async def test_times_in_answers_are_aware_utc(scheduler: Scheduler) -> None:
    answer = await scheduler.create()
    for name in ("next_run", "created_at", "updated_at"):
        moment = datetime.fromisoformat(answer[name])
        assert moment.utcoffset() is not None
        assert answer[name].endswith("Z")


async def test_a_repeat_with_the_same_key_and_body_gets_the_first_answer(scheduler: Scheduler) -> None:
    async with scheduler.client() as client:
        first = await client.post("/api/v1/schedules", json=body(), headers={"Idempotency-Key": "k1"})
        scheduler.clock.advance(seconds=5)
        again = await client.post("/api/v1/schedules", json=body(), headers={"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(await scheduler.documents("schedules")) == 1
