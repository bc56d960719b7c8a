"""The message broker goes away and comes back: users and robots need not notice."""

import asyncio
from collections import Counter
from functools import partial
from typing import Final

import pytest

from tests.support import workflows
from tests.support.api import RobotApi
from tests.support.eventually import eventually
from tests.support.system import System

pytestmark = pytest.mark.timeout(150)

N_JOBS: Final = 50
BROKER_ENDS_AFTER: Final = 20
BROKER_RETURNS_AFTER: Final = 40


async def test_a_broker_stopped_during_fifty_submissions_costs_none_of_them(breakable: System) -> None:
    robot = await breakable.robot("steady", max_concurrent_jobs=2)
    done: Counter[str] = Counter()
    async with asyncio.TaskGroup() as work:
        submitting = work.create_task(_submit_through_the_outage(breakable))
        for _ in range(2):
            work.create_task(_work_until_all_done(robot, done))

    job_ids = submitting.result()
    assert done == Counter(job_ids)
    jobs = [await breakable.admin.job(job_id) for job_id in job_ids]
    assert {(job["status"], job["attempt"]) for job in jobs} == {("completed", 1)}
    for event_type in ("job_submitted", "job_claimed", "job_completed"):
        await eventually(partial(_each_was_told_once, breakable, event_type, job_ids), timeout_seconds=40)


async def _submit_through_the_outage(system: System) -> list[str]:
    deployment = system.deployment
    job_ids = []
    for number in range(N_JOBS):
        if number == BROKER_ENDS_AFTER:
            await asyncio.to_thread(deployment.stop_broker)
        if number == BROKER_RETURNS_AFTER:
            returning = asyncio.create_task(asyncio.to_thread(deployment.start_broker))
        job_ids.append((await system.submit(f"Outage {number}", workflows.nothing()))["job_id"])
    await returning
    return job_ids


async def _work_until_all_done(robot: RobotApi, done: Counter[str]) -> None:
    while done.total() < N_JOBS:
        job = await robot.claim(wait_seconds=1)
        if job is not None:
            await robot.complete(job)
            done[job["job_id"]] += 1


async def _each_was_told_once(system: System, event_type: str, job_ids: list[str]) -> None:
    told = Counter(event["data"]["job_id"] for event in await system.admin.activity(event_type=event_type))
    assert {job_id: told[job_id] for job_id in job_ids} == dict.fromkeys(job_ids, 1)
