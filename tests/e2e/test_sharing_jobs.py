"""Robots side by side: each job is one robot's at a time, whatever robots and dispatchers do."""

import asyncio
from collections import Counter
from typing import Final

import pytest

from tests.support import workflows
from tests.support.api import CLOCKS_DIFFER, Json, RobotApi, at
from tests.support.eventually import eventually
from tests.support.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.timeout(90)

N_JOBS: Final = 100
SLOTS: Final = 4
SHORTEST_LEASE_SECONDS: Final = 5


async def test_two_robots_with_eight_claimers_run_each_of_a_hundred_jobs_once(system: System) -> None:
    robots = [await system.robot(name, max_concurrent_jobs=SLOTS) for name in ("odd", "even")]
    done: Counter[str] = Counter()
    async with asyncio.TaskGroup() as work:
        submitting = work.create_task(_submit_jobs(system))
        for robot in robots * SLOTS:
            work.create_task(_work_until_all_done(robot, done))

    assert done == Counter(submitting.result())
    jobs = [await system.admin.job(job_id) for job_id in submitting.result()]
    assert {(job["status"], job["attempt"]) for job in jobs} == {("completed", 1)}
    assert {job["robot_id"] for job in jobs} == {robot.robot_id for robot in robots}, "one of them did nothing"


async def test_a_robot_gets_no_more_jobs_than_it_has_slots(system: System) -> None:
    robot = await system.robot("full", max_concurrent_jobs=2)
    for number in range(3):
        await system.submit(f"Slot {number}", workflows.nothing())
    body = {"limit": 10, "wait_seconds": 3}
    answers = await asyncio.gather(*(robot.call("POST", "/jobs/claim", body) for _ in range(3)))

    held = [job for answer in answers if answer is not None for job in answer["jobs"]]
    assert len({job["job_id"] for job in held}) == len(held) == 2
    assert await robot.claim(wait_seconds=0) is None
    await robot.complete(held[0])
    third = await robot.claim()
    assert third is not None
    assert third["job_id"] not in {job["job_id"] for job in held}


async def test_a_robot_whose_lease_ended_can_change_nothing_any_more(system: System) -> None:
    zombie, successor = await system.robot("zombie"), await system.robot("successor")
    submitted = await system.submit("Taken over", workflows.nothing())
    stale = await zombie.claim(lease_seconds=SHORTEST_LEASE_SECONDS)
    assert stale is not None
    fresh = await successor.claim(wait_seconds=20)
    assert fresh is not None
    assert (fresh["job_id"], fresh["attempt"], fresh["retry_count"]) == (submitted["job_id"], 2, 1)
    assert at(fresh["claimed_at"]) > at(stale["lease_expires_at"]) - CLOCKS_DIFFER

    for held_by in ("the robot that took over", "nobody, as it is done"):
        before = await system.admin.job(stale["job_id"])
        for report in REPORTS:
            await _is_refused(zombie, stale, *report)
        assert await system.admin.job(stale["job_id"]) == before, f"held by {held_by}"
        if before["status"] != "completed":
            await successor.complete(fresh, {"by": "successor"})

    job = await system.admin.job(stale["job_id"])
    assert (job["status"], job["robot_id"], job["result"]) == ("completed", successor.robot_id, {"by": "successor"})
    await eventually(lambda: _late_reports(system, zombie.robot_id), timeout_seconds=PATIENCE_SECONDS)


REPORTS: Final[list[tuple[str, str, Json]]] = [
    ("PUT", "progress", {"progress": 99}),
    ("POST", "extend-lease", {"extension_seconds": 3600}),
    ("POST", "release", {}),
    ("POST", "fail", {"error_message": "late", "retryable": False}),
    ("POST", "complete", {"result": {"by": "zombie"}}),
]


async def _submit_jobs(system: System) -> list[str]:
    return [(await system.submit(f"Job {n}", workflows.nothing()))["job_id"] for n in range(N_JOBS)]


async def _work_until_all_done(robot: RobotApi, done: Counter[str]) -> None:
    while done.total() < N_JOBS:
        job = await robot.claim(wait_seconds=0.5)
        if job is not None:
            await robot.complete(job)
            done[job["job_id"]] += 1


async def _is_refused(robot: RobotApi, job: Json, method: str, verb: str, body: Json) -> None:
    """With the old lease's token and without it."""
    for proof in ({"lease_token": job["lease_token"]}, {"attempt": job["attempt"]}, {}):
        answer = await robot.request(method, f"/jobs/{job['job_id']}/{verb}", json={**body, **proof})
        assert (answer.status_code, answer.json()["code"]) == (409, "JOB_NOT_HELD"), f"{verb} {proof}: {answer.text}"


async def _late_reports(system: System, robot_id: str) -> bool:
    events = await system.admin.activity(event_type="robot_late_report")
    return any(event["data"]["robot_id"] == robot_id for event in events)
