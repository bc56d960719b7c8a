"""The robot as a process of its own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from robot.main import run
from robot.settings import RobotSettings
from tests.unit.robot.documents import chain, node
from tests.unit.robot.orchestrator import KEY, Orchestrator

PROJECT = Path(__file__).resolve().parents[3]


async def _start(tmp_path: Path, **environment: str) -> asyncio.subprocess.Process:
    named = {f"CASARE_ROBOT_{name}": value for name, value in environment.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASARE_ROBOT_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "robot.main"),
        cwd=PROJECT,
        env={**kept, "CASARE_ROBOT_WORKDIR": str(tmp_path), **named},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_sigterm_releases_the_job_and_ends_with_0(server: Orchestrator, tmp_path: Path) -> None:
    server.start()
    server.submit("j1", chain(node("DelayNode", seconds=3600)))
    robot = await _start(tmp_path, URL=server.url, API_KEY=KEY, ID="robot-9", GRACE_SECONDS="0.1")
    await server.until(lambda: server.told("progress"))
    robot.send_signal(signal.SIGTERM)
    output, errors = await asyncio.wait_for(robot.communicate(), 10)
    assert (robot.returncode, errors) == (0, b"")
    expected = f"robot       robot-9 → {server.url} (environment default, 1 job at a time)"
    assert output.decode().splitlines()[0] == expected
    assert KEY.encode() not in output
    assert server.ends_of("j1") == ["release"]


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "a robot needs a key: make one with `casare key create --robot-id ID --name NAME` and set"),
        ({"API_KEY": "k", "MAX_CONCURRENT_JOBS": "0"}, "CASARE_ROBOT_MAX_CONCURRENT_JOBS: Input should be greater"),
        ({"API_KEY_FILE": "/does/not/exist"}, "cannot use the robot's key: "),
    ],
)
async def test_settings_that_cannot_work_end_with_2_and_one_line(
    tmp_path: Path, environment: dict[str, str], line: str
) -> None:
    robot = await _start(tmp_path, **environment)
    _, errors = await asyncio.wait_for(robot.communicate(), 20)
    assert robot.returncode == 2
    assert errors.decode().startswith(f"robot       {line}")
    assert errors.count(b"\n") == 1


async def test_a_refused_key_ends_with_2_and_one_line(
    server: Orchestrator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.start()
    settings = RobotSettings(url=server.url, api_key="crpa_wrong", id="robot-9", workdir=tmp_path)
    assert await run(settings, asyncio.Event()) == 2
    assert (
        capsys.readouterr().err == f"robot       the server at {server.url} refuses robot robot-9: 401: unknown key\n"
    )


async def test_a_caller_can_stop_the_robot_itself(server: Orchestrator, tmp_path: Path) -> None:
    server.start()
    stop = asyncio.Event()
    settings = RobotSettings(url=server.url, api_key=KEY, id="robot-9", workdir=tmp_path)
    running = asyncio.create_task(run(settings, stop))
    await server.until(lambda: server.told("claim") or server.robots)
    stop.set()
    assert await asyncio.wait_for(running, 10) == 0


async def test_a_logged_traceback_shows_no_values_of_variables() -> None:
    robot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", CRASHING),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(robot.communicate(), 20)
    assert b"ValueError" in output
    assert b"correct-horse" not in output


CRASHING = """
import asyncio, structlog
from robot import Robot, RobotRefused
try:
    Robot(api_key_file="/does/not/exist").run()
except RobotRefused:
    secret = "-".join(("correct", "horse"))
try:
    int("x")
except ValueError:
    structlog.get_logger().exception("crashed")
"""
