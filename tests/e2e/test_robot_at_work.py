"""What a real robot process does for users: obeys, writes the job's log, runs stored workflows, keeps secrets."""

import asyncio
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support import workflows
from tests.support.api import Json
from tests.support.eventually import eventually
from tests.support.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.timeout(90)


def chain(**nodes: tuple[str, Json]) -> Json:
    """A StartNode, the given nodes and an EndNode, one after another."""
    every: dict[str, tuple[str, Json]] = {"start": ("StartNode", {}), **nodes, "end": ("EndNode", {})}
    names = list(every)
    return {
        "nodes": {
            name: {"node_id": name, "node_type": kind, "config": config} for name, (kind, config) in every.items()
        },
        "connections": [
            {"source_node": one, "source_port": "exec_out", "target_node": other, "target_port": "exec_in"}
            for one, other in pairwise(names)
        ],
    }


@pytest.mark.parametrize("connection", ["socket", "http"])
async def test_a_drained_robot_finishes_its_job_and_leaves(system: System, tmp_path: Path, connection: str) -> None:
    more = {"CASARE_ROBOT_CONNECTION": connection, "CASARE_ROBOT_WAIT_SECONDS": "1"}
    robot_id, robot = await system.robot_process("drained", tmp_path, **more)
    submitted = await system.submit("Drained", workflows.delay(2))
    await system.job_in(submitted["job_id"], "running")

    await system.admin.call("POST", f"/robots/{robot_id}/commands", {"command": "drain"})

    assert await asyncio.to_thread(robot.wait, PATIENCE_SECONDS) == 0
    job = await system.admin.job(submitted["job_id"])
    assert (job["status"], job["robot_id"], job["attempt"]) == ("completed", robot_id, 1)


async def test_a_job_that_fails_tells_how_far_each_node_came_and_shows_no_secret(
    system: System, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "LOGIN").write_text("a-very-secret-word\n")
    more = {"CASARE_ROBOT_SECRETS_DIR": str(tmp_path / "secrets"), "CASARE_ROBOT_ALLOW_SHELL": "true"}
    await system.robot_process("failing", tmp_path, **more)
    command = {
        "command": "echo no entry for {{secrets.LOGIN}} >&2; exit 3",
        "retry": {"max_attempts": 2, "delay_seconds": 0},
    }
    broken = chain(keep=("SetVariableNode", {"variable_name": "step", "value": 1}), enter=("ShellNode", command))

    submitted = await system.submit("Failing", broken)
    job = await system.job_in(submitted["job_id"], "failed")
    shown = await system.admin.call("GET", f"/metrics/jobs/{submitted['job_id']}")

    assert shown["node_execution"] == job["result"]["node_execution"]
    told = {node["node_id"]: node for node in shown["node_execution"]}
    assert {name: node["status"] for name, node in told.items()} == {
        "start": "completed",
        "keep": "completed",
        "enter": "failed",
    }
    assert (told["enter"]["error"]["type"], told["enter"]["failures"]) == (job["error_type"], 2)
    assert told["enter"]["duration_ms"] >= 0
    assert job["result"]["self_healing"] == {"attempts": 1, "successes": 0}
    assert job["result"]["outputs"] == {"step": 1}
    assert "***" in told["enter"]["error"]["message"]
    assert "a-very-secret-word" not in json.dumps([job, shown])


async def test_a_job_runs_a_stored_workflow_uses_a_secret_and_tells_neither_more_than_it_should(
    system: System, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "LOGIN").write_text("a-very-secret-word\n")
    more = {"CASARE_ROBOT_SECRETS_DIR": str(tmp_path / "secrets"), "CASARE_ROBOT_ALLOW_SHELL": "true"}
    await system.robot_process("keeping", tmp_path, **more)
    inner = chain(
        run=("ShellNode", {"argv": ["echo", "logged in with {{secrets.LOGIN}} as {{user}}"]}),
        keep=("SetVariableNode", {"variable_name": "said", "value": "done for {{user}}"}),
    )
    stored = await system.submit("Stored", inner, trigger_type="webhook")
    call = {"workflow_id": stored["workflow_id"], "inputs": {"user": "Ada"}, "outputs": {"result": "said"}}

    submitted = await system.submit("Calling", chain(call=("SubWorkflowNode", call)))
    job = await system.job_in(submitted["job_id"], "completed")

    assert job["result"]["outputs"] == {"result": "done for Ada"}
    assert "call/run" in [node["node_id"] for node in job["result"]["node_execution"]]

    async def log() -> Any:
        lines = (await system.admin.call("GET", f"/jobs/{submitted['job_id']}/logs"))["logs"]
        return lines if "the workflow is done" in [line["message"] for line in lines] else None

    lines = await eventually(log, timeout_seconds=PATIENCE_SECONDS)
    assert ("call/run", "logged in with *** as Ada") in [(line["node_id"], line["message"]) for line in lines]
    assert "a-very-secret-word" not in json.dumps([job, lines])
