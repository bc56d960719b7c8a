"""What users and robots change of a robot: what it is matched by, what it is fit for, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.events import CloudEvent
from shared.events.robots import RobotStatusChanged, RobotUpdated
from shared.jobs import Requirements
from shared.kernel.permissions import Role
from tests.support.clock import ManualClock
from tests.support.dispatcher import Caller, Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def claim(robot: Caller, **body: Any) -> dict[str, Any] | None:
    answer = await robot.post("/jobs/claim", {"visibility_timeout_seconds": 60, **body})
    assert answer.status_code == 200, answer.text
    claimed: dict[str, Any] | None = answer.json()
    return claimed


async def events_of(dispatcher: Dispatcher, event_type: str, n: int) -> list[CloudEvent]:
    """The first `n` events of the type, once they are there."""

    def found() -> list[CloudEvent] | None:
        events = [event for event in dispatcher.events if event.type == event_type]
        return events if len(events) >= n else None

    return await eventually(found)


async def test_an_update_is_told_once_with_who_made_it_and_none_when_nothing_changes(dispatcher: Dispatcher) -> None:
    await dispatcher.registered(tags=["a"])
    user = dispatcher.user(Role.OPERATOR)
    change = {"name": "New", "environment": "lan", "capabilities": ["sap"], "max_concurrent_jobs": 7}
    for body in ({}, {"tags": ["a"]}, change, change, {"tags": ["b"]}):
        assert (await user.put("/robots/r1", body)).status_code == 200
    first, second = await events_of(dispatcher, "robot.updated", 2)
    told = first.data_as(RobotUpdated)
    assert (told.robot_id, told.name, told.environment, told.capabilities) == ("r1", "New", "lan", ("sap",))
    assert (told.max_concurrent_jobs, told.tags, told.status) == (7, ("a",), "idle")
    assert (first.actorkind, first.actorid) == ("user", "u1")
    assert second.data_as(RobotUpdated).tags == ("b",)
    assert second.aggregateversion > first.aggregateversion


async def test_a_change_of_status_is_told_with_both_conditions_and_a_repeat_is_not(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    for status in ("idle", "busy", "maintenance", "maintenance", "error", "idle"):
        assert (await robot.put("/robots/r1/status", {"status": status})).status_code == 200
    told = [event.data_as(RobotStatusChanged) for event in await events_of(dispatcher, "robot.status_changed", 3)]
    assert [(one.old_condition, one.new_condition, one.status) for one in told] == [
        ("ok", "maintenance", "maintenance"),
        ("maintenance", "error", "error"),
        ("error", "ok", "idle"),
    ]


@pytest.mark.parametrize("status", ["maintenance", "error", "offline"])
async def test_a_robot_unfit_for_work_gets_no_job_keeps_its_own_and_may_finish_it(
    dispatcher: Dispatcher, clock: ManualClock, status: str
) -> None:
    robot, operator = await dispatcher.registered(), dispatcher.user(Role.OPERATOR)
    job = await dispatcher.submit()
    await eventually(lambda: claim(robot))
    await dispatcher.submit()
    shown = (await operator.put("/robots/r1/status", {"status": status})).json()
    assert (shown["status"], shown["current_job_ids"]) == (status, [job.job_id])
    for _ in range(3):
        clock.advance(seconds=40)
        assert (await robot.post("/robots/r1/heartbeat")).json()["cancelled_jobs"] == []
        assert await claim(robot) is None
    assert (await robot.put(f"/jobs/{job.job_id}/progress", {"progress": 9})).status_code == 200
    assert (await robot.post(f"/jobs/{job.job_id}/complete", {})).status_code == 200
    shown = (await operator.get("/robots/r1")).json()
    assert (shown["status"], shown["current_job_ids"]) == (status, [])
    await operator.put("/robots/r1/status", {"status": "idle"})
    assert await eventually(lambda: claim(robot))


async def test_a_waiting_robot_is_matched_by_its_new_profile(dispatcher: Dispatcher) -> None:
    robot, user = await dispatcher.registered(), dispatcher.user()
    waiting = asyncio.create_task(claim(robot, wait_seconds=20))
    await eventually(lambda: _offers(dispatcher))
    needs = Requirements(environment="staging", capabilities=("sap",), tags=("fast",))
    job = await dispatcher.submit(requirements=needs)
    change = {"environment": "staging", "capabilities": ["sap"], "tags": ["fast"]}
    assert (await user.put("/robots/r1", change)).status_code == 200
    claimed = await asyncio.wait_for(waiting, 10)
    assert claimed is not None
    assert claimed["job_id"] == job.job_id
    await dispatcher.submit()
    assert await claim(robot) is None


async def _offers(dispatcher: Dispatcher) -> bool:
    return "casare_offers 1.0" in (await dispatcher.http.get("/metrics")).text


async def test_jobs_go_only_to_robots_with_all_they_require(dispatcher: Dispatcher) -> None:
    robots = {
        "plain": await dispatcher.registered("plain"),
        "able": await dispatcher.registered("able", capabilities=["browser", "sap"]),
        "tagged": await dispatcher.registered("tagged", tags=["fast", "eu"]),
        "both": await dispatcher.registered("both", capabilities=["sap"], tags=["fast"]),
    }
    needs = {
        "able": Requirements(capabilities=("browser", "sap")),
        "tagged": Requirements(tags=("eu", "fast")),
        "both": Requirements(capabilities=("sap",), tags=("fast",)),
        "plain": Requirements(robot_id="plain"),
        "nobody": Requirements(capabilities=("sap",), robot_id="plain"),
    }
    jobs = {name: (await dispatcher.submit(requirements=needed)).job_id for name, needed in needs.items()}
    for name, robot in robots.items():

        async def claimed(robot: Caller = robot) -> dict[str, Any] | None:
            return await claim(robot, limit=10)

        found = await eventually(claimed)
        assert [one["job_id"] for one in found["jobs"]] == [jobs[name]]
        assert await claim(robot) is None
    assert (await dispatcher.job(jobs["nobody"])).status == "pending"


async def test_the_list_filters_by_tag_and_capability_together_with_the_others(dispatcher: Dispatcher) -> None:
    await dispatcher.registered("r1", tags=["a", "b"], capabilities=["sap"])
    await dispatcher.registered("r2", tags=["b"], environment="lan")
    await dispatcher.registered("r3", capabilities=["sap"], environment="lan")
    user = dispatcher.user(Role.VIEWER)
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"tag": "b"}, ["r1", "r2"]),
        ({"capability": "sap"}, ["r1", "r3"]),
        ({"tag": "b", "capability": "sap"}, ["r1"]),
        ({"capability": "sap", "environment": "lan", "status": "idle"}, ["r3"]),
        ({"tag": "B"}, []),
    ]
    for query, robot_ids in expected:
        page = (await user.get("/robots", **query)).json()
        assert ([robot["robot_id"] for robot in page["robots"]], page["total"]) == (robot_ids, len(robot_ids))
    page = (await user.get("/robots", tag="b", limit=1, offset=1)).json()
    assert ([robot["robot_id"] for robot in page["robots"]], page["total"]) == (["r2"], 2)
    for query in ({"tag": "x" * 129}, {"capability": "x" * 129}):
        assert (await user.get("/robots", **query)).status_code == 400


async def test_claims_on_two_dispatchers_never_exceed_a_robots_slots(store_url: str, database_name: str) -> None:
    """Answers of claims, the robot's slots and the jobs it holds must agree, also while jobs end in between."""
    limit = 3
    async with (
        running_dispatcher(store_url, database_name) as one,
        running_dispatcher(store_url, database_name) as two,
    ):
        await one.registered("r1", max_concurrent_jobs=limit)
        jobs = {(await one.submit()).job_id for _ in range(20)}
        held: set[str] = set()
        most = 0

        async def ask(number: int) -> None:
            nonlocal most
            robot = (one, two)[number % 2].robot("r1")
            claimed = await claim(robot, limit=1 + number % 10, wait_seconds=1)
            mine = [job["job_id"] for job in claimed["jobs"]] if claimed else []
            assert held.isdisjoint(mine)
            held.update(mine)
            most = max(most, len(held))
            if number % 3:
                for job_id in mine:
                    held.discard(job_id)  # before the report: it frees the slot at some moment before its answer
                    assert (await robot.post(f"/jobs/{job_id}/complete", {})).status_code == 200

        await asyncio.gather(*(ask(number) for number in range(40)))
        assert 0 < most <= limit
        shown = (await one.user().get("/robots/r1")).json()
        stored = [await one.job(job_id) for job_id in jobs]
        assert set(shown["current_job_ids"]) == held == {job.job_id for job in stored if job.is_leased}
        assert {job.status.value for job in stored if not job.is_leased} <= {"pending", "completed"}
