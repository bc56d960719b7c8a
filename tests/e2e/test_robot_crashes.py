"""Real robot processes that are killed at every point of a job, and started again: no job runs twice unsaid."""

import asyncio
import json
import signal
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.support import workflows
from tests.support.api import Json
from tests.support.eventually import eventually
from tests.support.processes import ChildProcess
from tests.support.system import PATIENCE_SECONDS, ROBOTS_ENVIRONMENT, System
from tests.support.tcp_proxy import TcpProxy

pytestmark = pytest.mark.timeout(90)

LONG_LEASE: Final = {"CASARE_ROBOT_VISIBILITY_TIMEOUT_SECONDS": "60"}
"""So that what is seen was done by the robot and not by the end of a lease."""
_HANGS_BEFORE_THE_FIRST_NODE: Final = """
import sys, time
from robot import job_run, main
job_run.decode_workflow = lambda text: print("decoding the job", flush=True) or time.sleep(600)
sys.exit(main.main())
"""


async def test_a_job_whose_robot_was_killed_in_a_node_is_failed_naming_the_node(system: System, tmp_path: Path) -> None:
    _, robot = await system.robot_process("crashing", tmp_path, **LONG_LEASE)
    job_id = await _run(system, tmp_path, seconds=600, max_attempts=1)
    await eventually(partial(_is_at, system, job_id, "wait"), timeout_seconds=PATIENCE_SECONDS)

    await _crash(robot)
    robot.start()

    job = await _ended(system, job_id, "failed")
    assert (job["attempt"], job["error_type"], job["failed_node"]) == (1, "ROBOT_RESTARTED", "wait")
    assert "'wait' was running" in job["error_message"]


async def test_after_a_crash_the_next_attempt_is_a_counted_one(system: System, tmp_path: Path) -> None:
    _, robot = await system.robot_process("recovering", tmp_path, **LONG_LEASE)
    job_id = await _run(system, tmp_path, seconds=600, max_attempts=3)
    await eventually(partial(_is_at, system, job_id, "wait"), timeout_seconds=PATIENCE_SECONDS)

    await _crash(robot)
    _wait_for(tmp_path, seconds=0)
    robot.start()

    job = await _ended(system, job_id, "completed", timeout_seconds=30)
    assert (job["attempt"], job["retry_count"]) == (2, 1)


async def test_a_job_that_had_not_begun_is_released_and_not_counted(system: System, tmp_path: Path) -> None:
    hanging = (sys.executable, "-c", _HANGS_BEFORE_THE_FIRST_NODE)
    _, robot = await system.robot_process("reading", tmp_path, command=hanging, **LONG_LEASE)
    job_id = await _run(system, tmp_path, seconds=0, max_attempts=1)
    await asyncio.to_thread(robot.wait_for_line, "decoding the job")

    await _crash(robot)
    robot.start()

    async def is_claimed_again() -> bool:
        return (await system.admin.trail(job_id))["job_claimed"] == 2

    await eventually(is_claimed_again, timeout_seconds=PATIENCE_SECONDS)
    job = await system.admin.job(job_id)
    assert (job["status"] in {"claimed", "running"}, job["retry_count"]) == (True, 0)
    await _crash(robot)  # it hangs again


async def test_a_result_that_did_not_arrive_before_the_crash_is_delivered_after_it(
    system: System, tmp_path: Path
) -> None:
    async with TcpProxy(urlsplit(system.base_url).port or 80) as network:
        url = f"http://127.0.0.1:{network.port}"
        robot_id, robot = await system.robot_process("reporting", tmp_path, CASARE_ROBOT_URL=url, **LONG_LEASE)
        job_id = await _run(system, tmp_path, seconds=2, max_attempts=1)
        await eventually(partial(_is_at, system, job_id, "wait"), timeout_seconds=PATIENCE_SECONDS)
        network.refuse()
        network.reset()
        await eventually(partial(_has_result, tmp_path, robot_id), timeout_seconds=PATIENCE_SECONDS)

        await _crash(robot)
        await network.heal()
        robot.start()

        job = await _ended(system, job_id, "completed")
    assert (job["attempt"], job["retry_count"]) == (1, 0)
    assert [node["node_id"] for node in job["result"]["node_execution"]][-1] == "end"
    once = Counter(dict.fromkeys(("job_submitted", "job_claimed", "job_started", "job_completed"), 1))
    await eventually(partial(_trail_is, system, job_id, once), timeout_seconds=PATIENCE_SECONDS)


async def test_one_machine_does_not_run_the_same_robot_twice(system: System, tmp_path: Path) -> None:
    robot_id, robot = await system.robot_process("only-one", tmp_path)
    await asyncio.to_thread(robot.wait_for_line, "robot_registered")
    _, second = await system.robot_process("second", tmp_path, CASARE_ROBOT_ID=robot_id)
    assert await asyncio.to_thread(second.wait, PATIENCE_SECONDS) == 2
    assert "another process runs this robot" in second.output()
    assert robot.is_running


def _wait_for(folder: Path, *, seconds: int) -> None:
    (folder / "delay.csv").write_text(f"seconds\n{seconds}\n", "utf-8")


async def _run(system: System, folder: Path, *, seconds: int, max_attempts: int) -> str:
    """A job that waits as long as a file in the robot's folder says when it begins."""
    _wait_for(folder, seconds=seconds)
    kept = await system.submit("Crash", workflows.delay_by_file(), trigger_type="webhook")
    body: Json = {"environment": ROBOTS_ENVIRONMENT, "max_attempts": max_attempts}
    answer = await system.admin.call("POST", "/jobs", {"workflow_id": kept["workflow_id"], **body})
    system.submitted(answer["job_id"])
    return str(answer["job_id"])


async def _is_at(system: System, job_id: str, node_id: str) -> bool:
    return bool((await system.admin.job(job_id))["current_node"] == node_id)


async def _ended(system: System, job_id: str, status: str, timeout_seconds: float = PATIENCE_SECONDS) -> Json:
    async def reached() -> Json | None:
        job = await system.admin.job(job_id)
        return job if job["status"] == status else None

    because = f"job {job_id} should become {status}"
    return await eventually(reached, timeout_seconds=timeout_seconds, because=because)


async def _trail_is(system: System, job_id: str, events: Counter[str]) -> bool:
    return await system.admin.trail(job_id) == events


async def _crash(robot: ChildProcess) -> None:
    await asyncio.to_thread(robot.kill_hard)
    assert await asyncio.to_thread(robot.wait, 1) == -signal.SIGKILL


def _has_result(folder: Path, robot_id: str) -> Any:
    entries = (folder / ".casare-robot" / robot_id).glob("job-*.json")
    return any(json.loads(entry.read_bytes())["report"] for entry in entries)
