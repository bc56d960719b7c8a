"""Stopping and starting: everything is still there, and nothing is left running."""

import asyncio
from collections import Counter
from functools import partial
from typing import Final

import pytest

from tests.support import workflows
from tests.support.api import Json, RobotApi, UserApi, log_in
from tests.support.deployment import ADMIN_PASSWORD, all_gone
from tests.support.eventually import eventually
from tests.support.system import EVERY_MINUTE, PATIENCE_SECONDS, System

pytestmark = pytest.mark.timeout(120)

CHILDREN_NOTICE_SECONDS: Final = 10


async def test_everything_survives_a_restart_and_no_process_the_stop(breakable: System) -> None:
    robot = await breakable.robot("survivor")
    finished = await _finished_job(breakable, robot)
    waiting = await breakable.submit("Waits through the restart", workflows.nothing())
    ended = await _ended_session(breakable)
    before = await _all_there_is(breakable.admin)
    running = breakable.deployment.processes()

    exit_codes = await asyncio.to_thread(breakable.deployment.stop)

    assert set(exit_codes.values()) == {0}, exit_codes
    assert all_gone(running)
    await asyncio.to_thread(breakable.deployment.start)
    assert await _all_there_is(breakable.admin) == before
    assert (await breakable.admin.job(finished))["result"] == {"kept": True}
    await _is_unwelcome(breakable, ended)
    await _runs(robot, waiting)


async def test_everything_survives_kill_9_and_no_process_outlives_the_killed_one(breakable: System) -> None:
    robot = await breakable.robot("tough")
    finished = await _finished_job(breakable, robot)
    waiting = await breakable.submit("Waits through the crash", workflows.nothing())
    before = await _all_there_is(breakable.admin)
    running = breakable.deployment.processes()

    await asyncio.to_thread(breakable.deployment.kill_everything)

    await eventually(lambda: all_gone(running), timeout_seconds=CHILDREN_NOTICE_SECONDS)
    await asyncio.to_thread(breakable.deployment.start)
    assert await _all_there_is(breakable.admin) == before
    assert (await breakable.admin.job(finished))["result"] == {"kept": True}
    await _runs(robot, waiting)
    # Its last event may have been stored, with the job's end, but not published when everything died.
    await eventually(partial(_was_told_once, breakable, finished), timeout_seconds=PATIENCE_SECONDS)


async def _finished_job(system: System, robot: RobotApi) -> str:
    submitted = await system.submit("Finished before", workflows.nothing())
    job = await robot.claim()
    assert job is not None
    await robot.complete(job, {"kept": True})
    job_id: str = submitted["job_id"]
    return job_id


async def _was_told_once(system: System, job_id: str) -> None:
    assert await system.admin.trail(job_id) == Counter(("job_submitted", "job_claimed", "job_completed"))


async def _runs(robot: RobotApi, submitted: Json) -> None:
    """The job that was waiting is handed out, to a robot whose key and registration are still good."""
    job = await robot.claim()
    assert job is not None
    assert job["job_id"] == submitted["job_id"]
    await robot.complete(job)


async def _all_there_is(admin: UserApi) -> Json:
    """What was stored, without the telemetry that changes by itself."""
    return {
        "jobs": [job for job in await admin.history() if job["workflow_name"] != EVERY_MINUTE],
        "robots": [(robot["robot_id"], robot["created_at"]) for robot in await admin.robots()],
        "keys": [(key["id"], key["status"]) for key in (await admin.call("GET", "/robot-api-keys"))["keys"]],
        "schedules": [each["schedule_id"] for each in await admin.call("GET", "/schedules")],
    }


async def _ended_session(system: System) -> Json:
    """The tokens of someone who logged out, which are good for nothing."""
    tokens = await log_in(system.base_url, "admin", ADMIN_PASSWORD)
    async with UserApi(system.base_url, tokens["access_token"]) as leaving:
        await leaving.call("GET", "/auth/me")
        await leaving.call("POST", "/auth/logout")
    await _is_unwelcome(system, tokens)
    return tokens


async def _is_unwelcome(system: System, tokens: Json) -> None:
    async with UserApi(system.base_url, tokens["access_token"]) as user:
        answers = [
            await user.request("GET", "/auth/me"),
            await user.request("POST", "/auth/refresh", json={"refresh_token": tokens["refresh_token"]}),
        ]
    assert [answer.status_code for answer in answers] == [401, 401]
