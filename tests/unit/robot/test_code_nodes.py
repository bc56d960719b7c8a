"""Nodes that run commands and Python code, where the robot's configuration allows it."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.errors import WorkflowError
from robot.executor import Executor, Surroundings
from robot.files import WorkingDirectory
from robot.nodes import NODE_TYPES
from robot.secrets import SecretSource
from robot.settings import ALLOW_PYTHON, ALLOW_SHELL, RobotSettings
from tests.support.eventually import eventually
from tests.unit.robot.documents import document, node


def around(step: dict[str, Any], *ports: str) -> dict[str, Any]:
    wires = [f"step.{port} -> end.{port}" for port in ports]
    return document("start -> step", "step -> end", *wires, start=node("StartNode"), step=step, end=node("EndNode"))


@pytest.fixture
def allowed(tmp_path: Path) -> Executor:
    source = SecretSource({"CASARE_SECRET_TOKEN": "token-of-the-robot"})
    types = NODE_TYPES.allowing({ALLOW_SHELL, ALLOW_PYTHON})
    return Executor(WorkingDirectory(tmp_path), node_types=types, secrets=source)


def test_the_settings_that_allow_code_are_those_that_node_types_need(tmp_path: Path) -> None:
    settings = RobotSettings(api_key="crpa_x", workdir=tmp_path, allow_shell=True, allow_python=True)
    assert settings.allowed == {ALLOW_SHELL, ALLOW_PYTHON}
    assert RobotSettings(api_key="crpa_x", workdir=tmp_path).allowed == frozenset()


@pytest.mark.parametrize(
    ("step", "setting"),
    [(node("ShellNode", argv=["touch", "here"]), ALLOW_SHELL), (node("PythonNode", code="1"), ALLOW_PYTHON)],
)
async def test_code_is_refused_before_anything_runs_unless_it_is_allowed(
    executor: Executor, tmp_path: Path, step: dict[str, Any], setting: str
) -> None:
    write = node("WriteJSONNode", file_path="before.json", data=1)
    flow = document("start -> write", "write -> step", start=node("StartNode"), write=write, step=step)
    with pytest.raises(WorkflowError, match=f"{setting}=true") as caught:
        await executor.run(flow)
    assert (caught.value.error_type, caught.value.node_id) == ("NODE_TYPE_DISABLED", "step")
    assert not (tmp_path / "before.json").exists()


async def test_a_command_gets_what_it_is_given_and_nothing_of_the_robot(
    allowed: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASARE_ROBOT_API_KEY", "crpa_very_secret")
    monkeypatch.setenv("CASARE_SECRET_OTHER", "very-secret")
    lines: list[tuple[str, str]] = []
    command = "cat; echo $GREETING; env | grep CASARE; echo trouble >&2; echo $TOKEN; exit 3"
    step = node(
        "ShellNode",
        command=command,
        stdin="from stdin\n",
        env={"GREETING": "hello", "TOKEN": "{{secrets.TOKEN}}"},
        fail_on_error=False,
    )
    log = Surroundings(log=lambda level, message, _node: lines.append((level, message)))
    result = await allowed.run(around(step, "exit_code", "stdout", "stderr"), around=log)
    assert result["outputs"] == {"exit_code": 3, "stdout": "from stdin\nhello\n***\n", "stderr": "trouble\n"}
    assert ("info", "hello") in lines
    assert ("warning", "trouble") in lines
    assert ("info", "***") in lines


async def test_words_of_a_command_are_not_interpreted(allowed: Executor) -> None:
    step = node("ShellNode", argv=["echo", "$HOME; ls", 7])
    assert (await allowed.run(around(step, "stdout")))["outputs"] == {"stdout": "$HOME; ls 7\n"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"argv": ["sh", "-c", "echo no luck >&2; exit 4"]}, "exit code 4: no luck"),
        ({"argv": ["no-such-program"]}, "cannot start 'no-such-program'"),
        ({}, "either `argv`"),
        ({"argv": []}, "list of texts"),
        ({"argv": ["ls"], "cwd": ".."}, "outside"),
        ({"argv": ["ls"], "cwd": "nowhere"}, "not a folder"),
        ({"argv": ["ls", "a\0b"]}, "null character"),
    ],
)
async def test_a_command_that_cannot_work_says_why(allowed: Executor, config: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowError, match=message) as caught:
        await allowed.run(around(node("ShellNode", **config)))
    assert caught.value.node_id == "step"


async def test_a_command_ends_with_all_it_started_when_the_job_is_stopped(allowed: Executor, tmp_path: Path) -> None:
    step = node("ShellNode", command="sleep 3600 & echo $! > child; echo $$ > parent; wait")
    cancel = CancelScope()
    running = asyncio.create_task(allowed.run(around(step), cancel=cancel))
    await eventually(lambda: _number_in(tmp_path / "parent"))
    cancel.cancel()
    with pytest.raises(JobStopped):
        await running
    for name in ("parent", "child"):
        await eventually(partial(_has_ended, tmp_path / name))


async def test_a_command_ends_with_all_it_started_at_its_timeout(allowed: Executor, tmp_path: Path) -> None:
    # The second ignores the signal that asks.
    command = "sh -c \"trap '' TERM; echo \\$\\$ > child; sleep 3600\" & wait"
    step = node("ShellNode", command=command, timeout_seconds=0.5)
    with pytest.raises(WorkflowError, match=r"did not end within 0\.5 s"):
        await allowed.run(around(step))
    await eventually(lambda: not _lives(_number_in(tmp_path / "child")))


def test_what_a_stopped_command_leaves_behind_keeps_nothing_of_the_robot_open(
    allowed: Executor, tmp_path: Path
) -> None:
    # In a session of its own it outlives its group, and holds both outputs.
    step = node("ShellNode", command="setsid sh -c 'echo $$ > left; exec sleep 3600' & wait")

    async def stopped() -> None:
        cancel = CancelScope()
        running = asyncio.create_task(allowed.run(around(step), cancel=cancel))
        await eventually(lambda: _number_in(tmp_path / "left"))
        cancel.cancel()
        with pytest.raises(JobStopped):
            await running

    before = psutil.Process().num_fds()
    try:
        asyncio.run(stopped())
        assert psutil.Process().num_fds() == before
    finally:
        psutil.Process(_number_in(tmp_path / "left")).kill()


async def test_long_output_is_cut_at_its_beginning(allowed: Executor) -> None:
    lines: list[str] = []
    step = node("ShellNode", command="seq 1 100000")
    log = Surroundings(log=lambda _level, message, _node: lines.append(message))
    outputs = (await allowed.run(around(step, "stdout"), around=log))["outputs"]
    assert outputs["stdout"].endswith("\n100000\n")
    assert len(outputs["stdout"]) == 100_000
    assert len(lines) < 2_100
    assert any("the rest is not logged" in line for line in lines)


async def test_no_part_of_a_secret_is_told_where_output_is_cut(allowed: Executor) -> None:
    """It stands across the end of the longest line that is told, and across the beginning of what is kept."""
    lines: list[str] = []
    print_it = "printf %07995d 0; echo $IT; printf %099988d 0"
    step = node("ShellNode", command=print_it, env={"IT": "{{secrets.TOKEN}}"})
    log = Surroundings(log=lambda _level, message, _node: lines.append(message))
    outputs = (await allowed.run(around(step, "stdout"), around=log))["outputs"]
    assert len(outputs["stdout"]) <= 100_000
    for told in (*lines, outputs["stdout"]):
        assert "toke" not in told
        assert "robot\n" not in told
    assert any(line.endswith("0***") for line in lines)


async def test_characters_are_whole_wherever_output_is_read(allowed: Executor) -> None:
    print_it = "import sys; sys.stdout.buffer.write(('a' + 'é' * 99_999).encode())"
    step = node("ShellNode", argv=[sys.executable, "-I", "-c", print_it])
    outputs = (await allowed.run(around(step, "stdout")))["outputs"]
    assert outputs["stdout"] == "a" + "é" * 99_999


async def test_python_code_computes_a_result_in_a_process_of_its_own(
    allowed: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASARE_ROBOT_API_KEY", "crpa_very_secret")
    code = (
        "import os, sys\nprint('hello')\n"
        "result = {'sum': sum(inputs['numbers']), 'isolated': sys.flags.isolated, 'template': f'{{1}}',\n"
        "          'keys': [k for k in os.environ if 'CASARE' in k]}"
    )
    lines: list[str] = []
    log = Surroundings(log=lambda _level, message, _node: lines.append(message))
    step = node("PythonNode", code=code, inputs={"numbers": [1, 2, 39]})
    outputs = (await allowed.run(around(step, "result"), around=log))["outputs"]
    assert outputs["result"] == {"sum": 42, "isolated": 1, "template": "{1}", "keys": []}
    assert "hello" in lines


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\nraise ValueError('no such invoice')", r"ValueError: no such invoice \(line 2\)"),
        ("result = object()", "TypeError: Object of type object is not JSON"),
        ("result = [float('nan')]", "ValueError: Out of range float values are not JSON compliant"),
        ("import os\nos._exit(3)", "exit code 3"),
        ("def", "SyntaxError"),
        ("result = 'x' * 900_000", "more than 800,000 bytes"),
        ("", "has to be a text"),
    ],
)
async def test_python_code_that_fails_says_why(allowed: Executor, code: str, message: str) -> None:
    with pytest.raises(WorkflowError, match=message):
        await allowed.run(around(node("PythonNode", code=code)))


async def test_endless_python_code_is_ended(allowed: Executor) -> None:
    with pytest.raises(WorkflowError, match=r"did not end within 0\.5 s"):
        await allowed.run(around(node("PythonNode", code="while True: pass", timeout_seconds=0.5)))


def _number_in(path: Path) -> int:
    text = path.read_text() if path.exists() else ""
    return int(text) if text.strip() else 0


def _has_ended(path: Path) -> bool:
    return not _lives(_number_in(path))


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
