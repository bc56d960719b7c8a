"""Claiming: order, slots, waiting, and that no job has two owners."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from shared.jobs import Requirements
from tests.support.dispatcher import Caller, Dispatcher, running_dispatcher
from tests.support.eventually import eventually


@pytest.fixture
async def dispatcher(store_url: str, database_name: str) -> AsyncIterator[Dispatcher]:
    async with running_dispatcher(store_url, database_name) as dispatcher:
        yield dispatcher


async def claim(robot: Caller, **body: object) -> dict[str, object] | None:
    answer = await robot.post("/jobs/claim", body)
    assert answer.status_code == 200, answer.text
    claimed: dict[str, object] | None = answer.json()
    return claimed


async def test_a_claimed_job_carries_everything_a_robot_needs(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    job = await dispatcher.submit(variables={"month": "May", "nested": {"a.b": "$x"}}, priority=3)
    claimed = await eventually(lambda: claim(robot, visibility_timeout_seconds=60))
    assert claimed["job_id"] == job.job_id
    assert claimed["workflow_json"] == '{"nodes":{},"connections":[]}'
    assert claimed["variables"] == {"month": "May", "nested": {"a.b": "$x"}}
    assert (claimed["priority"], claimed["attempt"], claimed["retry_count"], claimed["max_retries"]) == (3, 1, 0, 2)
    stored = await dispatcher.job(job.job_id)
    assert stored.lease_expires_ms is not None
    assert stored.claimed_ms is not None
    assert (stored.status, stored.robot_id, stored.lease_token) == ("claimed", "r1", claimed["lease_token"])
    assert stored.lease_expires_ms - stored.claimed_ms == 60_000


async def test_an_empty_queue_answers_null(dispatcher: Dispatcher) -> None:
    assert await claim(await dispatcher.registered()) is None


async def test_several_jobs_at_once_are_all_returned_best_first(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered(max_concurrent_jobs=3)
    for priority in (9, 1, 5, 7):
        await dispatcher.submit(priority=priority)
    claimed = await eventually(lambda: claim(robot, limit=10))
    jobs = claimed["jobs"]
    assert isinstance(jobs, list)
    if len(jobs) < 3:
        more = await eventually(lambda: claim(robot, limit=10))
        assert isinstance(more["jobs"], list)
        jobs += more["jobs"]
    assert len(jobs) == 3
    assert claimed["job_id"] == jobs[0]["job_id"]
    assert await claim(robot) is None


async def test_a_waiting_robot_is_given_a_job_the_moment_it_is_submitted(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    waiting = asyncio.create_task(claim(robot, wait_seconds=20))
    await eventually(lambda: _offers(dispatcher))
    job = await dispatcher.submit()
    claimed = await asyncio.wait_for(waiting, 5)
    assert claimed is not None
    assert claimed["job_id"] == job.job_id


async def _offers(dispatcher: Dispatcher) -> bool:
    return "casare_offers 1.0" in (await dispatcher.http.get("/metrics")).text


async def test_a_robot_gets_only_what_it_can_run(dispatcher: Dispatcher) -> None:
    plain = await dispatcher.registered("plain")
    able = await dispatcher.registered("able", capabilities=["browser", "sap"], tags=["fast"])
    needs = Requirements(capabilities=("browser", "sap"), tags=("fast",))
    job = await dispatcher.submit(requirements=needs)
    claimed = await eventually(lambda: claim(able))
    assert claimed["job_id"] == job.job_id
    await dispatcher.submit(requirements=Requirements(robot_id="somebody-else"))
    assert await claim(plain) is None
    assert await claim(able) is None


async def test_environments_keep_jobs_apart(dispatcher: Dispatcher) -> None:
    staging = await dispatcher.registered("s", environment="staging")
    lan = await dispatcher.registered("l", environment="lan")
    in_default = await dispatcher.submit(requirements=Requirements(execution_mode="lan"))
    in_staging = await dispatcher.submit(requirements=Requirements(environment="staging"))
    first = await eventually(lambda: claim(staging))
    second = await eventually(lambda: claim(lan))
    assert (first["job_id"], second["job_id"]) == (in_staging.job_id, in_default.job_id)


async def test_concurrent_claims_never_exceed_a_robots_slots(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered(max_concurrent_jobs=2)
    for _ in range(12):
        await dispatcher.submit()
    await eventually(lambda: _candidates(dispatcher, 12))
    answers = await asyncio.gather(*(claim(robot, limit=3) for _ in range(12)))
    n_claimed = sum(len(answer["jobs"]) for answer in answers if answer and isinstance(answer["jobs"], list))
    assert n_claimed == 2
    shown = (await dispatcher.user().get("/robots/r1")).json()
    assert (len(shown["current_job_ids"]), shown["status"]) == (2, "busy")


async def _candidates(dispatcher: Dispatcher, n: int) -> bool:
    return f"casare_candidates {n}.0" in (await dispatcher.http.get("/metrics")).text


async def test_two_dispatchers_and_many_robots_give_each_job_to_one(store_url: str, database_name: str) -> None:
    async with (
        running_dispatcher(store_url, database_name) as one,
        running_dispatcher(store_url, database_name) as two,
    ):
        for n in range(8):
            await one.registered(f"r{n}")
        jobs = [await one.submit() for _ in range(60)]
        owners: Counter[object] = Counter()

        async def work(dispatcher: Dispatcher, robot_id: str) -> None:
            robot = dispatcher.robot(robot_id)
            while (claimed := await claim(robot, wait_seconds=1)) is not None:
                owners[claimed["job_id"]] += 1
                done = await robot.post(f"/jobs/{claimed['job_id']}/complete", {"result": {}})
                assert done.status_code == 200, done.text

        await asyncio.gather(*(work((one, two)[n % 2], f"r{n}") for n in range(8)))
    assert owners == Counter({job.job_id: 1 for job in jobs})


async def test_a_job_that_waits_for_its_time_is_not_claimable_before(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    now_ms = dispatcher.runtime.clock.now_ms()
    job = await dispatcher.submit(run_at_ms=now_ms + 700)
    assert await claim(robot) is None
    claimed = await eventually(lambda: claim(robot, wait_seconds=1), timeout_seconds=10)
    assert claimed["job_id"] == job.job_id
    stored = await dispatcher.job(job.job_id)
    assert stored.claimed_ms is not None
    assert stored.claimed_ms >= now_ms + 700


async def test_jobs_stored_while_no_dispatcher_ran_are_found(store_url: str, database_name: str) -> None:
    async with running_dispatcher(store_url, database_name) as first:
        robot = await first.registered()
        jobs = {(await first.submit(requirements=Requirements(tags=(f"t{n % 7}",)))).job_id for n in range(20)}
    async with running_dispatcher(store_url, database_name) as second:
        robot = await second.registered(tags=[f"t{n}" for n in range(7)])
        found: set[object] = set()
        while len(found) < len(jobs):
            claimed = await eventually(lambda: claim(robot, wait_seconds=1), timeout_seconds=10)
            found.add(claimed["job_id"])
    assert found == jobs


async def test_a_job_whose_definition_is_gone_fails_and_the_next_one_is_given(dispatcher: Dispatcher) -> None:
    robot = await dispatcher.registered()
    broken = await dispatcher.submit(definition_id="missing", priority=0)
    good = await dispatcher.submit(priority=5)
    claimed = await eventually(lambda: claim(robot, wait_seconds=1))
    assert claimed["job_id"] == good.job_id
    stored = await dispatcher.job(broken.job_id)
    assert (stored.status, stored.error_type) == ("failed", "DEFINITION_NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 11},
        {"visibility_timeout_seconds": 4},
        {"visibility_timeout_seconds": 3601},
        {"wait_seconds": -1},
        {"wait_seconds": 31},
        {"environment": "x" * 65},
        {"environment": "a\u0000b"},
        [],
        "text",
    ],
)
async def test_a_claim_out_of_bounds_is_refused_and_claims_nothing(dispatcher: Dispatcher, body: object) -> None:
    robot = await dispatcher.registered()
    job = await dispatcher.submit()
    answer = await robot.post("/jobs/claim", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await dispatcher.job(job.job_id)).status == "pending"


async def test_an_unknown_robot_is_told_to_register(dispatcher: Dispatcher) -> None:
    answer = await dispatcher.robot("stranger").post("/jobs/claim", {})
    assert (answer.status_code, answer.json()["code"]) == (404, "ROBOT_NOT_FOUND")


async def test_an_enrolment_key_names_its_robot_and_a_bound_key_cannot_name_another(dispatcher: Dispatcher) -> None:
    await dispatcher.registered("r1")
    enrolment = dispatcher.robot(None)
    assert (await enrolment.post("/jobs/claim", {})).status_code == 400
    assert (await enrolment.post("/jobs/claim", {"robot_id": "r1"})).status_code == 200
    answer = await dispatcher.robot("r2").post("/jobs/claim", {"robot_id": "r1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "FOREIGN_ROBOT")
