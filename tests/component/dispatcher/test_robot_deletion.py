"""Deleting a robot: its jobs, its slots, its return, and everything that may happen at the same time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from services.dispatcher.adapters.job_store import MongoJobs
from services.dispatcher.adapters.robot_store import MongoRobots
from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.robot import Robot
from services.dispatcher.use_cases.forget_deleted_robots import ForgetDeletedRobots
from services.dispatcher.use_cases.retire_robot import RetireRobot
from shared.events.robots import RobotDeleted
from shared.jobs import Job
from shared.jobs.fleet import ROBOTS, Condition, robot_document_id
from shared.kernel.permissions import Role
from shared.storage import Collection
from shared.web.runtime import Runtime
from tests.support.clock import ManualClock
from tests.support.dispatcher import TENANT, Caller, Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def dispatcher(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name, clock=clock) as dispatcher:
        yield dispatcher


async def claimed_by(robot: Caller, seconds: int = 600) -> dict[str, Any]:
    """A job the robot now holds."""

    async def claim() -> Any:
        return (await robot.post("/jobs/claim", {"visibility_timeout_seconds": seconds})).json()

    return await eventually(claim)


async def stored_robot(dispatcher: Dispatcher, robot_id: str = "r1") -> dict[str, Any] | None:
    return await Collection(dispatcher.runtime.store, ROBOTS).get(robot_document_id(TENANT, robot_id))


def robots_of(runtime: Runtime) -> MongoRobots:
    return MongoRobots(runtime.store, runtime.relay, runtime.clock, runtime.new_id)


def jobs_of(runtime: Runtime) -> MongoJobs:
    return MongoJobs(runtime.store, runtime.relay, runtime.clock, runtime.new_id)


async def marked_deleted(dispatcher: Dispatcher, robot_id: str = "r1") -> Robot:
    """What a process leaves behind that dies right after the deletion's one write, its event unpublished."""
    robots = robots_of(dispatcher.runtime)
    robot = await robots.get(TENANT, robot_id)
    assert robot is not None
    fields = {"deleted_ms": dispatcher.runtime.clock.now_ms(), "condition": Condition.OFFLINE, "announced_offline": 1}
    deleted = await robots.change(robot, fields, None)
    assert deleted is not None
    return deleted


async def test_deleting_a_robot_returns_its_jobs_uncounted_and_takes_it_off_every_list(
    dispatcher: Dispatcher,
) -> None:
    robot, admin = await dispatcher.registered(), dispatcher.user()
    job = await dispatcher.submit()
    first = await claimed_by(robot)
    answer = await admin.delete("/robots/r1")
    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "robot_id": "r1"})
    after = await dispatcher.job(job.job_id)
    assert (after.status, after.attempts_used, after.n_released, after.lease_token) == ("pending", 0, 1, None)
    assert (await admin.get("/robots")).json() == {"robots": [], "total": 0}
    second = await claimed_by(await dispatcher.registered("r2"))
    assert (second["job_id"], second["retry_count"], second["attempt"]) == (job.job_id, 0, first["attempt"] + 1)
    event = await eventually(lambda: [event for event in dispatcher.events if event.type == "robot.deleted"])
    assert [(one.tenantid, one.data_as(RobotDeleted).robot_id) for one in event] == [(TENANT, "r1")]
    assert (event[0].subject, event[0].actorid) == ("r1", "u1")


async def test_a_deleted_robot_is_unknown_and_its_late_reports_are_refused(dispatcher: Dispatcher) -> None:
    robot, user = await dispatcher.registered(), dispatcher.user()
    job = await dispatcher.submit()
    claimed = await claimed_by(robot)
    await user.delete("/robots/r1")
    unknown = [
        await robot.post("/jobs/claim", {}),
        await robot.post("/robots/r1/heartbeat"),
        await robot.put("/robots/r1/status", {"status": "idle"}),
        await user.put("/robots/r1", {"name": "x"}),
        await user.get("/robots/r1"),
        await user.delete("/robots/r1"),
    ]
    assert [(one.status_code, one.json()["code"]) for one in unknown] == [(404, "ROBOT_NOT_FOUND")] * len(unknown)
    path, proof = f"/jobs/{job.job_id}", {"lease_token": claimed["lease_token"]}
    late = [
        await robot.put(f"{path}/progress", {"progress": 50}),
        await robot.post(f"{path}/complete", proof),
        await robot.post(f"{path}/fail", {"error_message": "late", **proof}),
        await robot.post(f"{path}/release", proof),
    ]
    assert [(one.status_code, one.json()["code"]) for one in late] == [(409, "JOB_NOT_HELD")] * len(late)
    told = (await robot.post(f"{path}/extend-lease", proof)).json()
    assert (told["extended"], told["cancel_requested"]) == (False, True)
    assert (await dispatcher.job(job.job_id)).status == "pending"


async def test_a_robot_that_waits_for_a_job_when_it_is_deleted_is_told_so(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    waiting = asyncio.create_task(robot.post("/jobs/claim", {"wait_seconds": 20}))

    async def waits() -> bool:
        return "casare_offers 1.0" in (await dispatcher.http.get("/metrics")).text

    await eventually(waits)
    await dispatcher.user().delete("/robots/r1")
    job = await dispatcher.submit()
    answer = await asyncio.wait_for(waiting, 10)
    assert (answer.status_code, answer.json()["code"]) == (404, "ROBOT_NOT_FOUND")
    assert (await dispatcher.job(job.job_id)).status == "pending"


async def test_only_an_admin_of_its_tenant_deletes_a_robot(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    refused = [
        await dispatcher.user(Role.DEVELOPER).delete("/robots/r1"),
        await robot.delete("/robots/r1"),
        await dispatcher.user(tenant="another").delete("/robots/r1"),
        await dispatcher.user().delete("/robots/unknown"),
        await dispatcher.user().delete(f"/robots/{'x' * 65}"),
        await dispatcher.nobody().delete("/robots/r1"),
    ]
    assert [answer.status_code for answer in refused] == [403, 403, 404, 404, 400, 401]
    assert (await dispatcher.user().get("/robots")).json()["total"] == 1


async def test_a_deleted_robot_that_registers_again_starts_anew(dispatcher: Dispatcher, clock: ManualClock) -> None:
    robot, user = await dispatcher.registered(tags=["old"]), dispatcher.user()
    await dispatcher.submit()
    await claimed_by(robot)
    await robot.post("/robots/r1/heartbeat", {"cpu_percent": 5})
    await robot.put("/robots/r1/status", {"status": "maintenance"})
    await user.delete("/robots/r1")
    clock.advance(seconds=60)
    await dispatcher.registered(max_concurrent_jobs=1)
    shown = (await user.get("/robots/r1")).json()
    assert (shown["status"], shown["tags"], shown["current_job_ids"], shown["metrics"]) == ("idle", [], [], {})
    assert shown["created_at"] == shown["last_seen"] == "2026-01-01T12:01:00Z"
    assert (await claimed_by(robot))["attempt"] == 2
    assert (await robot.post("/robots/r1/heartbeat")).status_code == 200


async def test_a_deletion_cut_short_is_ended_by_its_event_or_by_the_slot_check(dispatcher: Dispatcher) -> None:
    robot, job = await dispatcher.registered(), await dispatcher.submit()
    await claimed_by(robot)
    await marked_deleted(dispatcher)

    async def is_back() -> bool:
        stored = await stored_robot(dispatcher)
        assert stored is not None
        return (await dispatcher.job(job.job_id)).status == "pending" and stored["n_active"] == 0

    await eventually(is_back, because="no event was published, so the slot check does it")


async def test_a_late_event_of_a_deletion_leaves_the_jobs_of_the_robot_that_came_back(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    await dispatcher.user().delete("/robots/r1")
    await dispatcher.registered()
    job = await dispatcher.submit()
    await claimed_by(robot)
    runtime = dispatcher.runtime
    retire = RetireRobot(jobs_of(runtime), robots_of(runtime))
    assert await retire(tenant_id=TENANT, robot_id="r1") == 0
    assert (await dispatcher.job(job.job_id)).status == "claimed"


async def test_a_claim_that_gets_through_after_the_deletion_is_taken_back(dispatcher: Dispatcher) -> None:
    """The order that matters: slot taken, robot deleted and retired, job taken under the slot."""
    await dispatcher.registered()
    job, runtime = await dispatcher.submit(), dispatcher.runtime
    robots, jobs = robots_of(runtime), jobs_of(runtime)
    robot = await robots.get(TENANT, "r1")
    assert robot is not None
    assert await robots.take_slot(robot, job.job_id, "token", runtime.clock.now_ms())
    await dispatcher.user().delete("/robots/r1")
    assert not await robots.take_slot(robot, "another", "token-2", runtime.clock.now_ms())
    assert await _claim_directly(jobs, job) is not None

    async def is_back() -> bool:
        return (await dispatcher.job(job.job_id)).status == "pending"

    await eventually(is_back)


async def _claim_directly(jobs: MongoJobs, job: Job) -> Job | None:
    change = lifecycle.claim(job, robot_id="r1", lease_token="token", lease_seconds=3600, now_ms=job.created_ms)
    return await jobs.apply(job, change)


async def test_what_is_left_of_a_deleted_robot_is_removed_after_a_day(
    dispatcher: Dispatcher, clock: ManualClock
) -> None:
    await dispatcher.registered("r1")
    await dispatcher.registered("r2")
    for robot_id in ("r1", "r2"):
        await dispatcher.user().delete(f"/robots/{robot_id}")
    forget = ForgetDeletedRobots(robots_of(dispatcher.runtime), clock)
    assert await forget() == 0
    clock.advance(seconds=24 * 3600 + 1)
    await dispatcher.registered("r2")

    async def forgotten() -> bool:
        await forget()
        return await stored_robot(dispatcher, "r1") is None

    await eventually(forgotten, because="its event has to be cleared first")
    assert (await dispatcher.user().get("/robots")).json()["total"] == 1
    assert not [event for event in dispatcher.events if event.type == "robot.went_offline"]


async def claims(dispatcher: Dispatcher) -> None:
    """Asks for more than there is room for."""
    robot = dispatcher.robot("r1")
    body = {"limit": 2, "visibility_timeout_seconds": 3600}
    await asyncio.gather(*(robot.post("/jobs/claim", body) for _ in range(3)))


async def completes(dispatcher: Dispatcher) -> None:
    """Completes what the robot holds."""
    stored = await stored_robot(dispatcher)
    assert stored is not None
    robot = dispatcher.robot("r1")
    await asyncio.gather(*(robot.post(f"/jobs/{job_id}/complete", {}) for job_id in stored["active"]))


async def registers(dispatcher: Dispatcher) -> None:
    """Registers again."""
    await dispatcher.registered("r1", max_concurrent_jobs=3)


@pytest.mark.parametrize("rival", [claims, completes, registers], ids=lambda rival: str(rival.__name__))
async def test_whatever_races_with_a_deletion_each_job_ends_up_finished_or_claimable(
    store_url: str, database_name: str, rival: Callable[[Dispatcher], Awaitable[None]]
) -> None:
    async with (
        running_dispatcher(store_url, database_name) as one,
        running_dispatcher(store_url, database_name) as two,
    ):
        jobs = [(await one.submit()).job_id for _ in range(8)]

        async def unsettled() -> list[str]:
            return [job_id for job_id in jobs if (await one.job(job_id)).is_leased]

        for _ in range(4):
            await one.registered("r1", max_concurrent_jobs=3)
            await claimed_by(two.robot("r1"), 3600)
            deletion, _ = await asyncio.gather(one.user().delete("/robots/r1"), rival(two))
            assert deletion.status_code == 200, deletion.text
            if rival is not registers:
                assert (await one.user().get("/robots/r1")).status_code == 404
            await one.user().delete("/robots/r1")

            async def settled() -> bool:
                return await unsettled() == []

            await eventually(settled, because="no job stays with a deleted robot")
        waiting = {job_id for job_id in jobs if (await one.job(job_id)).status == "pending"}
        last = await one.registered("r2")
        assert {(await claimed_by(last))["job_id"] for _ in waiting} == waiting
