"""A schedule that really becomes due, by the clock on the wall."""

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import pytest

from tests.support.api import Json, at
from tests.support.eventually import eventually
from tests.support.system import System

# Less than a minute to the next due time, and time to start.
pytestmark = pytest.mark.timeout(150)

LONGEST_WAIT_SECONDS: Final = 70


async def test_each_minute_of_a_schedule_has_exactly_one_job_whatever_was_restarted(
    breakable: System, every_minute: Json
) -> None:
    path = f"/schedules/{every_minute['schedule_id']}"
    await eventually(partial(_has_fired, breakable, path), timeout_seconds=LONGEST_WAIT_SECONDS)
    # From here on nothing is due any more, and what was due can be counted.
    schedule = await breakable.admin.call("PUT", f"{path}/disable")

    jobs = await breakable.admin.history(workflow_id=every_minute["workflow_id"])
    assert len(jobs) == schedule["run_count"]
    assert schedule["failure_count"] == 0
    due_times = sorted(_due_time(job) for job in jobs)
    first = _next_minute(at(schedule["created_at"]))
    assert due_times == [first + n * timedelta(minutes=1) for n in range(len(jobs))]
    assert at(schedule["last_run"]) >= due_times[-1]
    await _is_run_like_any_other(breakable, jobs)


async def _has_fired(system: System, path: str) -> bool:
    """Whether it has, and no due time is so near that it would meet what the test does next."""
    schedule = await system.admin.call("GET", path)
    return schedule["run_count"] > 0 and 3 < time.time() % 60 < 57


def _due_time(job: Json) -> datetime:
    """What the id says: it is the same whichever replica makes the job, so that there can only be one."""
    return datetime.fromtimestamp(int(job["job_id"].rpartition("_")[2]), tz=at(job["created_at"]).tzinfo)


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


async def _is_run_like_any_other(system: System, jobs: list[Json]) -> None:
    robot = await system.robot("punctual", environment="internet")
    for _ in jobs:
        job = await robot.claim()
        assert job is not None
        await robot.complete(job)
    assert await robot.claim(wait_seconds=0.5) is None
    finished = [await system.admin.job(job["job_id"]) for job in jobs]
    assert {(job["status"], job["trigger"], job["attempt"]) for job in finished} == {("completed", "schedule", 1)}
