"""What a workflow that fails says."""

from pathlib import Path
from typing import Any

import pytest

from robot.errors import WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
from tests.unit.robot.documents import SEE, chain, document, loop, node


@pytest.mark.parametrize(
    ("flow", "error_type", "node_id", "message"),
    [
        (chain(node("MysteryNode")), "UNKNOWN_NODE_TYPE", "n1", "'n1' has the type 'MysteryNode'"),
        (chain(node("ExpressionNode", expression="1 / 0")), "EXPRESSION_ERROR", "n1", "division by zero"),
        (chain(node("LogNode", message="{{missing}}")), "UNDEFINED_VARIABLE", "n1", "no variable 'missing'"),
        (chain(node("IfNode")), "INVALID_WORKFLOW", "n1", "control cannot leave node 'n1'"),
        (
            document(
                *("start -> log", "later.result -> log.message"),
                start=node("StartNode"),
                log=node("LogNode"),
                later=node("ExpressionNode", expression="1"),
            ),
            "DATA_NOT_READY",
            "log",
            r"'log' takes 'message' from port 'result' of node 'later', which has not run",
        ),
        (
            document(
                *("start -> compute", "compute -> log", "compute.answer -> log.message"),
                start=node("StartNode"),
                compute=node("ExpressionNode", expression="1"),
                log=node("LogNode"),
            ),
            "DATA_NOT_READY",
            "log",
            "which offers result",
        ),
        (
            document("start -> log", "log -> start", start=node("StartNode"), log=node("LogNode")),
            "STEP_LIMIT",
            None,
            "circles",
        ),
        (loop("each.loop_body -> see", "see -> see", see=SEE), "STEP_LIMIT", "see", "circles"),
        (
            loop(
                *("each.loop_body -> inner", "inner.loop_body -> each"),
                inner=node("ForEachNode", items=[1]),
            ),
            "INVALID_WORKFLOW",
            "each",
            "comes back to the node 'each'",
        ),
    ],
)
async def test_a_failure_says_what_and_where(
    tmp_path: Path, flow: dict[str, Any], error_type: str, node_id: str | None, message: str
) -> None:
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_steps=100))
    with pytest.raises(WorkflowError, match=message) as caught:
        await executor.run(flow)
    report = caught.value.report()
    assert (report["error_type"], report["retryable"]) == (error_type, False)
    assert node_id in {None, report["node_id"]}


async def test_nothing_runs_when_a_node_type_further_on_is_unknown(executor: Executor, tmp_path: Path) -> None:
    flow = chain(node("WriteJSONNode", file_path="out.json", data=1), node("MysteryNode"))
    with pytest.raises(WorkflowError, match="MysteryNode"):
        await executor.run(flow)
    with pytest.raises(FileNotFoundError):
        (tmp_path / "out.json").stat()


async def test_an_unknown_type_that_control_never_reaches_does_no_harm(executor: Executor) -> None:
    flow = chain(node("SetVariableNode", variable_name="a", value=1))
    flow["nodes"]["note"] = node("CommentNode")
    assert (await executor.run(flow))["outputs"] == {"a": 1}
