"""What a workflow hands back when it is finished, or has failed."""

from pathlib import Path
from typing import Any

import pytest

from robot.errors import WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
from robot.results import MAX_RECORDS, NodeRecord, build_result_so_far
from robot.values import encode_json
from tests.unit.robot.documents import chain, node


async def test_what_nobody_asked_for_is_reported_only_while_it_is_small(executor: Executor) -> None:
    flow = chain(
        node("SetVariableNode", variable_name="small", value=1),
        node("ExpressionNode", expression="'x' * 100000", variable_name="large"),
    )
    assert (await executor.run(flow))["outputs"] == {"small": 1}


async def test_outputs_beyond_the_limit_fail_the_job(tmp_path: Path) -> None:
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_result_bytes=1_000))
    flow = chain(node("ExpressionNode", expression="'x' * 2000", variable_name="large"))
    flow["nodes"]["end"]["config"] = {"outputs": {"large": "{{large}}"}}
    with pytest.raises(WorkflowError, match="too large to report") as caught:
        await executor.run(flow)
    assert caught.value.error_type == "RESULT_TOO_LARGE"


async def test_a_result_holds_only_what_every_store_can_hold(executor: Executor) -> None:
    flow = chain()
    flow["nodes"]["end"]["config"] = {"outputs": {"half": "{{half}}", "wide": "{{wide}}", "true": "{{true_value}}"}}
    variables = {"half": "a\ud800", "wide": 2**80, "true_value": True}
    outputs = (await executor.run(flow, variables=variables))["outputs"]
    assert outputs == {"half": "a?", "wide": str(2**80), "true": True}


async def failed(executor: Executor, flow: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(flow)
    result = caught.value.report()["result"]
    assert isinstance(result, dict)
    return result


async def test_a_failed_workflow_tells_its_nodes_up_to_the_one_that_failed(executor: Executor) -> None:
    flow = chain(
        node("SetVariableNode", variable_name="step", value=1),
        node("ExpressionNode", expression="1 / 0"),
        node("LogNode"),
    )
    result = await failed(executor, flow)
    told = [(entry["node_id"], entry["status"], entry.get("error")) for entry in result["node_execution"]]
    assert told == [
        ("start", "completed", None),
        ("n1", "completed", None),
        ("n2", "failed", {"type": "EXPRESSION_ERROR", "message": "division by zero"}),
    ]
    assert all(entry["duration_ms"] >= 0 for entry in result["node_execution"])
    assert result["outputs"] == {"step": 1}


async def test_the_nodes_inside_a_failed_sub_workflow_are_told_too(executor: Executor) -> None:
    inner = chain(node("ExpressionNode", expression="1 / 0"))
    result = await failed(executor, chain(node("SubWorkflowNode", workflow=inner)))
    told = {entry["node_id"]: entry["status"] for entry in result["node_execution"]}
    assert told == {"start": "completed", "n1": "failed", "n1/start": "completed", "n1/n1": "failed"}


async def test_a_workflow_that_is_refused_before_it_begins_tells_no_nodes(executor: Executor) -> None:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(node("MysteryNode")))
    assert caught.value.report()["result"] is None


async def test_outputs_that_are_too_large_still_tell_the_nodes(tmp_path: Path) -> None:
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_result_bytes=1_500))
    flow = chain(node("ExpressionNode", expression="'x' * 2000", variable_name="large"))
    flow["nodes"]["end"]["config"] = {"outputs": {"large": "{{large}}"}}
    result = await failed(executor, flow)
    assert [entry["status"] for entry in result["node_execution"]] == ["completed"] * 3
    assert (result["outputs"], result["outputs_omitted"]) == ({}, True)


def records(count: int, *, failed: int) -> list[NodeRecord]:
    every = [NodeRecord(f"n{number}", "Node", status="completed") for number in range(count)]
    every[failed].status = "failed"
    every[failed].failed("BROKEN", "x" * 300)
    return every


def test_the_oldest_records_are_left_out_but_never_the_failure() -> None:
    result = build_result_so_far({"kept": 1}, records(MAX_RECORDS + 20, failed=3), max_bytes=800_000)
    told = [entry["node_id"] for entry in result["node_execution"]]
    assert (told[:2], told[-1], len(told)) == (["n3", "n21"], f"n{MAX_RECORDS + 19}", MAX_RECORDS)
    assert (result["outputs"], result["node_execution_omitted"]) == ({"kept": 1}, 20)


def test_what_is_too_large_is_left_out_outputs_first() -> None:
    every = records(100, failed=0)
    whole = len(encode_json(build_result_so_far({}, every, max_bytes=800_000)))
    less = build_result_so_far({"large": "x" * 5_000}, every, max_bytes=whole + 2_000)
    assert (less["outputs"], less["outputs_omitted"], len(less["node_execution"])) == ({}, True, 100)
    least = build_result_so_far({}, every, max_bytes=3_000)
    assert len(encode_json(least)) <= 3_000
    assert least["node_execution"][0]["node_id"] == "n0"
    assert [entry["node_id"] for entry in least["node_execution"]][-1] == "n99"
    assert least["node_execution_omitted"] == 100 - len(least["node_execution"])
    assert "outputs_omitted" not in least
