"""The fleet: registration, lists, silence, lost slots."""

from collections.abc import AsyncIterator

import pytest

from shared.jobs.fleet import ROBOTS, robot_document_id
from shared.kernel.permissions import Role
from shared.storage import Collection, Receipt
from tests.support.clock import ManualClock
from tests.support.dispatcher import TENANT, Dispatcher, running_dispatcher
from tests.support.eventually import eventually

FULL = {
    "robot_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "capabilities": ["browser", "desktop", "high_memory"],
    "environment": "production",
    "max_concurrent_jobs": 3,
    "tags": ["invoice-processing", "high-priority"],
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def test_registering_answers_every_field_of_the_contract(dispatcher: Dispatcher) -> None:
    answer = await dispatcher.robot("robot-prod-001").post("/robots/register", FULL)
    shown = answer.json()
    assert {name: shown[name] for name in FULL} == FULL
    assert (shown["status"], shown["current_job_ids"], shown["metrics"]) == ("idle", [], {})
    assert shown["last_seen"] == shown["last_heartbeat"] == shown["created_at"] == "2026-01-01T12:00:00Z"


async def test_registering_again_updates_and_keeps_the_birthday(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = dispatcher.robot("robot-prod-001")
    await robot.post("/robots/register", FULL)
    clock.advance(seconds=60)
    shown = (await robot.post("/robots/register", {**FULL, "name": "Renamed", "tags": []})).json()
    assert (shown["name"], shown["tags"]) == ("Renamed", [])
    assert (shown["created_at"], shown["last_seen"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:01:00Z")
    assert (await dispatcher.user().get("/robots")).json()["total"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"robot_id": ""},
        {"robot_id": "x" * 65},
        {"robot_id": "a b"},
        {"robot_id": "../etc"},
        {"name": ""},
        {"name": "x" * 129},
        {"name": None},
        {"hostname": "x" * 257},
        {"max_concurrent_jobs": 0},
        {"max_concurrent_jobs": 101},
        {"capabilities": "browser"},
        {"capabilities": [1]},
        {"tags": ["a\u0000"]},
        {"environment": ""},
    ],
)
async def test_a_registration_out_of_bounds_is_refused_and_stores_nothing(
    dispatcher: Dispatcher, change: dict[str, object]
) -> None:
    answer = await dispatcher.robot(None).post("/robots/register", {**FULL, **change})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (await dispatcher.user().get("/robots")).json() == {"robots": [], "total": 0}


async def test_the_list_filters_and_pages(dispatcher: Dispatcher, clock: ManualClock) -> None:
    for n in range(5):
        await dispatcher.registered(f"r{n}", environment=("lan", "default")[n % 2])
    user = dispatcher.user()
    page = (await user.get("/robots", limit=2, offset=1)).json()
    assert ([robot["robot_id"] for robot in page["robots"]], page["total"]) == (["r1", "r2"], 5)
    lan = (await user.get("/robots", environment="lan")).json()
    assert (len(lan["robots"]), lan["total"]) == (3, 3)
    clock.advance(seconds=91)
    await dispatcher.robot("r4").post("/robots/r4/heartbeat")
    assert (await user.get("/robots", status="offline")).json()["total"] == 4
    assert [robot["robot_id"] for robot in (await user.get("/robots", status="idle")).json()["robots"]] == ["r4"]
    for query in ({"limit": 0}, {"limit": 501}, {"offset": -1}, {"status": "sleeping"}):
        assert (await user.get("/robots", **query)).status_code == 400


async def test_updating_changes_what_is_given_and_keeps_the_rest(dispatcher: Dispatcher) -> None:
    await dispatcher.robot("robot-prod-001").post("/robots/register", FULL)
    user = dispatcher.user(Role.OPERATOR)
    shown = (await user.put("/robots/robot-prod-001", {"name": "New", "tags": ["a", "a"]})).json()
    assert {name: shown[name] for name in FULL} == {**FULL, "name": "New", "tags": ["a"]}
    assert (await user.put("/robots/robot-prod-001", {"max_concurrent_jobs": 0})).status_code == 400
    assert (await user.put("/robots/unknown", {})).status_code == 404
    assert (await dispatcher.user(Role.VIEWER).put("/robots/robot-prod-001", {})).status_code == 403
    assert (await dispatcher.user(tenant="another").put("/robots/robot-prod-001", {})).status_code == 404


async def test_a_robot_in_maintenance_keeps_its_job_and_gets_no_other(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    job = await dispatcher.submit()
    await eventually(lambda: _claim(dispatcher, "r1", 600))
    await dispatcher.submit()
    shown = (await robot.put("/robots/r1/status", {"status": "maintenance"})).json()
    assert (shown["status"], shown["current_job_ids"]) == ("maintenance", [job.job_id])
    assert await _claim(dispatcher, "r1", 600) is None
    assert (await robot.post(f"/jobs/{job.job_id}/complete", {})).status_code == 200
    assert (await robot.put("/robots/r1/status", {"status": "idle"})).json()["status"] == "idle"
    assert await eventually(lambda: _claim(dispatcher, "r1", 600))
    assert (await robot.put("/robots/r1/status", {"status": "asleep"})).status_code == 400
    assert (await dispatcher.robot("r2").put("/robots/r1/status", {"status": "idle"})).status_code == 403


async def test_a_heartbeat_keeps_the_machines_figures(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    figures = {"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 2}
    answer = (await robot.post("/robots/r1/heartbeat", figures)).json()
    assert (answer["ok"], answer["timestamp"]) == (True, "2026-01-01T12:00:00Z")
    assert (await dispatcher.user().get("/robots/r1")).json()["metrics"] == figures
    assert (await robot.post("/robots/r1/heartbeat", {"cpu_percent": "much"})).status_code == 400
    assert (await dispatcher.robot("r2").post("/robots/r1/heartbeat")).status_code == 403
    assert (await dispatcher.robot("r2").post("/robots/r2/heartbeat")).status_code == 404


async def test_a_silent_robot_goes_offline_and_its_jobs_return(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot = await dispatcher.registered()
    job = await dispatcher.submit()
    claimed = await eventually(lambda: _claim(dispatcher, "r1", 3600))
    assert claimed["job_id"] == job.job_id
    clock.advance(seconds=91)
    await eventually(lambda: [event for event in dispatcher.events if event.type == "robot.went_offline"])
    await eventually(lambda: _is_pending(dispatcher, job.job_id))
    assert (await dispatcher.user().get("/robots/r1")).json()["status"] == "offline"
    await robot.post("/robots/r1/heartbeat")
    await eventually(lambda: [event for event in dispatcher.events if event.type == "robot.came_back"])
    assert len([event for event in dispatcher.events if event.type == "robot.went_offline"]) == 1


async def _claim(dispatcher: Dispatcher, robot_id: str, seconds: int) -> dict[str, object] | None:
    answer = await dispatcher.robot(robot_id).post("/jobs/claim", {"visibility_timeout_seconds": seconds})
    claimed: dict[str, object] | None = answer.json()
    return claimed


async def _is_pending(dispatcher: Dispatcher, job_id: str) -> bool:
    return (await dispatcher.job(job_id)).status == "pending"


async def test_a_slot_that_a_dead_process_left_behind_is_freed(dispatcher: Dispatcher, clock: ManualClock) -> None:
    await dispatcher.registered(max_concurrent_jobs=1)
    robots = Collection(dispatcher.runtime.store, ROBOTS)
    slot = {"token": "lost", "since_ms": clock.now_ms()}
    change = {"$set": {"active.job-x": slot}, "$inc": {"n_active": 1}}
    assert await robots.update({"_id": robot_document_id(TENANT, "r1")}, change, Receipt("active.job-x.token", "lost"))
    job = await dispatcher.submit()
    assert await _claim(dispatcher, "r1", 30) is None
    clock.advance(seconds=31)
    claimed = await eventually(lambda: _claim(dispatcher, "r1", 30))
    assert claimed["job_id"] == job.job_id
