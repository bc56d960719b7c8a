"""A schedule that really becomes due, by the clock on the wall."""

import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import pytest

from tests.support.api import CLOCKS_DIFFER, Json, at
from tests.support.eventually import eventually
from tests.support.system import System

# Less than a minute to the next due time, and time to start.
pytestmark = pytest.mark.timeout(150)

LONGEST_WAIT_SECONDS: Final = 70


async def test_each_minute_of_each_schedule_has_exactly_one_job_whatever_was_restarted(
    breakable: System, every_minute: list[Json]
) -> None:
    paths = [f"/schedules/{schedule['schedule_id']}" for schedule in every_minute]
    await eventually(partial(_have_fired, breakable, paths), timeout_seconds=LONGEST_WAIT_SECONDS)
    # From here on nothing is due any more, and what was due can be counted.
    schedules = [await breakable.admin.call("PUT", f"{path}/disable") for path in paths]

    jobs = await breakable.admin.history(workflow_id=every_minute[0]["workflow_id"])
    due_times = defaultdict(list)
    for job in jobs:
        due_times[_schedule_of(job)].append(_due_time(job))
    for schedule in schedules:
        first, times = _next_minute(at(schedule["created_at"])), sorted(due_times[schedule["schedule_id"]])
        assert times == [first + n * timedelta(minutes=1) for n in range(schedule["run_count"])]
        assert schedule["failure_count"] == 0
        assert at(schedule["last_run"]) > times[-1] - CLOCKS_DIFFER
    await _are_run_like_any_other(breakable, [job["job_id"] for job in jobs])


async def _have_fired(system: System, paths: list[str]) -> bool:
    """Whether all have, and no due time is so near that it would meet what the test does next."""
    schedules = [await system.admin.call("GET", path) for path in paths]
    return all(schedule["run_count"] > 0 for schedule in schedules) and 3 < time.time() % 60 < 57


def _schedule_of(job: Json) -> str:
    """What the id says: it is the same whichever replica makes the job, so that there can only be one."""
    schedule_id: str = job["job_id"].split("_")[1]
    return schedule_id


def _due_time(job: Json) -> datetime:
    """What the id says."""
    return datetime.fromtimestamp(int(job["job_id"].split("_")[2]), UTC)


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


async def _are_run_like_any_other(system: System, job_ids: list[str]) -> None:
    robot = await system.robot("punctual", environment="internet")
    for _ in job_ids:
        job = await robot.claim()
        assert job is not None
        await robot.complete(job)
    assert await robot.claim(wait_seconds=0.5) is None
    finished = [await system.admin.job(job_id) for job_id in job_ids]
    assert {(job["status"], job["trigger"], job["attempt"]) for job in finished} == {("completed", "schedule", 1)}
