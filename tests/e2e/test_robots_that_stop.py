"""Real robot processes that are killed, and that are told to stop."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.support import workflows
from tests.support.api import CLOCKS_DIFFER, Json, at
from tests.support.eventually import eventually
from tests.support.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.timeout(90)

TEN_MINUTES: Final = 600
SLOWEST_TAKE_OVER: Final = timedelta(seconds=10)


async def test_a_job_whose_robot_is_killed_is_finished_by_another(system: System, tmp_path: Path) -> None:
    slow_id, slow = await system.robot_process("killed", _folder(tmp_path, "slow", seconds=TEN_MINUTES))
    submitted = await system.submit("Take over", workflows.delay_by_file())
    await system.job_in(submitted["job_id"], "running")
    await asyncio.to_thread(slow.kill_hard)
    abandoned = await system.admin.job(submitted["job_id"])
    assert (abandoned["status"], abandoned["robot_id"], abandoned["attempt"]) == ("running", slow_id, 1)

    quick_id, _ = await system.robot_process("rescuer", _folder(tmp_path, "quick", seconds=0))
    job = await system.job_in(submitted["job_id"], "completed", timeout_seconds=30)

    assert (job["robot_id"], job["attempt"], job["retry_count"]) == (quick_id, 2, 1)
    lease_end = at(abandoned["lease_expires_at"])
    assert lease_end - CLOCKS_DIFFER < at(job["claimed_at"]) < lease_end + SLOWEST_TAKE_OVER
    await eventually(partial(_was_taken_over, system, job), timeout_seconds=PATIENCE_SECONDS)


async def test_cancelling_a_running_job_stops_its_robot_and_is_final(system: System) -> None:
    robot_id, robot = await system.robot_process("obedient")
    endless = await system.submit("Endless", workflows.delay(TEN_MINUTES))
    await system.job_in(endless["job_id"], "running")

    answer = await system.admin.cancel(endless["job_id"])

    assert (answer["cancelled"], answer["previous_status"]) == (True, "running")
    cancelled = await system.admin.job(endless["job_id"])
    assert cancelled["status"] == "cancelled"
    next_one = await system.submit("The one slot is free", workflows.nothing())
    done = await system.job_in(next_one["job_id"], "completed")
    assert done["robot_id"] == robot_id
    assert robot.is_running
    again = await system.admin.cancel(endless["job_id"])
    assert (again["cancelled"], again["previous_status"]) == (False, "cancelled")
    assert await system.admin.job(endless["job_id"]) == cancelled


async def test_a_robot_told_to_leave_gives_its_job_back_uncounted(system: System, tmp_path: Path) -> None:
    _, leaving = await system.robot_process("leaving", _folder(tmp_path, "slow", seconds=TEN_MINUTES))
    submitted = await system.submit("Handed back", workflows.delay_by_file())
    await system.job_in(submitted["job_id"], "running")

    assert await asyncio.to_thread(leaving.terminate) == 0

    returned = await system.admin.job(submitted["job_id"])
    assert (returned["status"], returned["retry_count"]) == ("pending", 0)
    staying_id, _ = await system.robot_process("staying", _folder(tmp_path, "quick", seconds=0))
    job = await system.job_in(submitted["job_id"], "completed")
    assert (job["robot_id"], job["retry_count"]) == (staying_id, 0)


def _folder(parent: Path, name: str, *, seconds: int) -> Path:
    folder = parent / name
    folder.mkdir()
    (folder / "delay.csv").write_text(f"seconds\n{seconds}\n", "utf-8")
    return folder


async def _was_taken_over(system: System, job: Json) -> None:
    once = ("job_submitted", "job_lease_expired", "job_completed")
    assert await system.admin.trail(job["job_id"]) == Counter(
        {**dict.fromkeys(once, 1), "job_claimed": 2, "job_started": 2}
    )
