"""The dispatcher's stores on every engine: ownership, slots, timers and the queue's order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from services.dispatcher.adapters.robot_store import MongoRobots
from shared.jobs import Requirements
from tests.support.dispatcher import Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
async def dispatcher(each_store_url: str, database_name: str) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(each_store_url, database_name) as dispatcher:
        yield dispatcher


async def test_a_job_lives_through_claim_progress_failure_and_completion(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered(max_concurrent_jobs=1)
    job = await dispatcher.submit(variables={"a.b": {"$set": [1, None, True]}})

    async def claim() -> dict[str, object] | None:
        claimed: dict[str, object] | None = (await robot.post("/jobs/claim", {"wait_seconds": 2})).json()
        return claimed

    first = await eventually(claim, timeout_seconds=15)
    assert (first["variables"], first["attempt"]) == ({"a.b": {"$set": [1, None, True]}}, 1)
    path = f"/jobs/{job.job_id}"
    assert (await robot.put(f"{path}/progress", {"progress": 50})).status_code == 200
    failed = await robot.post(f"{path}/fail", {"error_message": "once"})
    assert failed.json()["status"] == "pending"
    second = await eventually(claim, timeout_seconds=15, because="the backoff is a second")
    assert second["attempt"] == 2
    late = await robot.post(f"{path}/complete", {"lease_token": first["lease_token"]})
    assert late.status_code == 409
    for _ in range(2):
        assert (await robot.post(f"{path}/complete", {"result": {"ok": True}})).status_code == 200
    shown = (await dispatcher.user().get(path)).json()
    assert (shown["status"], shown["result"], shown["attempt"]) == ("completed", {"ok": True}, 2)
    assert (await dispatcher.user().get("/robots/r1")).json()["current_job_ids"] == []

    async def outboxes_are_empty() -> bool:
        return await dispatcher.runtime.store.count("jobs", {"unsent": {"$gt": 0}}) == 0

    await eventually(outboxes_are_empty, timeout_seconds=15)


async def test_the_queue_is_read_back_in_order_after_a_restart(each_store_url: str, database_name: str) -> None:
    async with running_dispatcher(each_store_url, database_name) as first:
        needs = [Requirements(), Requirements(tags=("a",)), Requirements(environment="other")]
        for number in range(12):
            await first.submit(priority=number % 4, requirements=needs[number % 3])
    async with running_dispatcher(each_store_url, database_name) as second:
        robot = await second.registered(tags=["a"], max_concurrent_jobs=20)
        priorities: list[int] = []
        while len(priorities) < 8:
            claimed = (await robot.post("/jobs/claim", {"wait_seconds": 5, "limit": 1})).json()
            assert claimed is not None
            priorities.append(claimed["priority"])
    assert priorities[1:] == sorted(priorities[1:])


async def test_a_deleted_robot_loses_its_jobs_may_come_back_and_is_forgotten(dispatcher: Dispatcher) -> None:
    robot, admin, runtime = await dispatcher.registered(), dispatcher.user(), dispatcher.runtime
    job = await dispatcher.submit()

    async def claim() -> dict[str, object] | None:
        claimed: dict[str, object] | None = (await robot.post("/jobs/claim", {"wait_seconds": 2})).json()
        return claimed

    await eventually(claim, timeout_seconds=15)
    assert (await admin.delete("/robots/r1")).status_code == 200
    assert (await admin.get("/robots")).json()["total"] == 0
    assert (await dispatcher.job(job.job_id)).status == "pending"
    await dispatcher.registered()
    assert (await admin.get("/robots/r1")).json()["current_job_ids"] == []
    assert await eventually(claim, timeout_seconds=15)
    assert (await robot.post(f"/jobs/{job.job_id}/complete", {})).status_code == 200
    assert (await admin.delete("/robots/r1")).status_code == 200
    robots = MongoRobots(runtime.store, runtime.relay, runtime.clock, runtime.new_id)

    async def is_forgotten() -> bool:
        return await robots.forget_deleted(runtime.clock.now_ms() + 1, 10) == 1

    await eventually(is_forgotten, timeout_seconds=15, because="its event has to be cleared first")
    assert await runtime.store.count("robots", {}) == 0


async def test_two_dispatchers_give_each_job_to_one_robot(each_store_url: str, database_name: str) -> None:
    async with (
        running_dispatcher(each_store_url, database_name) as one,
        running_dispatcher(each_store_url, database_name) as two,
    ):
        for number in range(4):
            await one.registered(f"r{number}", max_concurrent_jobs=2)
        jobs = [(await one.submit()).job_id for _ in range(16)]
        owners: Counter[str] = Counter()

        async def work(dispatcher: Dispatcher, robot_id: str) -> None:
            robot = dispatcher.robot(robot_id)
            while (claimed := (await robot.post("/jobs/claim", {"wait_seconds": 2})).json()) is not None:
                owners[claimed["job_id"]] += 1
                assert (await robot.post(f"/jobs/{claimed['job_id']}/complete", {})).status_code == 200

        await asyncio.gather(*(work((one, two)[number % 2], f"r{number}") for number in range(4)))
    assert owners == Counter(dict.fromkeys(jobs, 1))


async def test_lists_and_dead_letters_are_ranges_in_order(dispatcher: Dispatcher) -> None:
    robot, user = await dispatcher.registered(), dispatcher.user()
    for number in range(3):
        job = await dispatcher.submit(workflow_id=f"w{number % 2}")
        claimed = (await robot.post("/jobs/claim", {"wait_seconds": 5})).json()
        assert claimed["job_id"] == job.job_id
        failure = {"error_message": "no", "error_type": f"E{number}", "retryable": False}
        await robot.post(f"/jobs/{job.job_id}/fail", failure)
    waiting = await dispatcher.submit()
    listed: list[str] = []
    cursor = None
    while cursor is not None or not listed:
        page = (await user.get("/jobs", limit=3, **({"cursor": cursor} if cursor else {}))).json()
        listed += [job["job_id"] for job in page["jobs"]]
        cursor = page["next_cursor"]
    dead = [entry["id"] for entry in (await user.get("/dlq")).json()["entries"]]
    assert listed == [waiting.job_id, *dead]
    assert [entry["id"] for entry in (await user.get("/dlq", workflow_id="w0")).json()["entries"]] == dead[::2]
    assert (await user.get("/dlq/stats")).json()["total"] == 3
    assert (await user.get("/jobs", status="failed", robot_id="r1")).json()["jobs"][0]["job_id"] == dead[0]
    assert (await user.get(f"/jobs/{waiting.job_id}/explain")).json()["reasons"][0]["code"] == "READY"
    assert (await user.delete(f"/dlq/{dead[0]}")).status_code == 200
    assert (await user.post("/dlq/purge?older_than_days=0")).json() == {"purged": 2, "complete": True}
