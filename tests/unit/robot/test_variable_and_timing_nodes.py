from typing import Any

import pytest
from structlog.testing import capture_logs

from robot.errors import WorkflowError
from robot.executor import Executor
from tests.unit.robot.documents import chain, document, node


async def test_variables_are_set_and_got(executor: Executor) -> None:
    flow = document(
        *(
            "start -> set",
            "set -> get",
            "get -> other",
            "other -> end",
            "get.value -> end.got",
            "other.value -> end.other",
        ),
        start=node("StartNode"),
        set=node("SetVariableNode", variable_name="{{name}}", value=["{{x}}", 2]),
        get=node("GetVariableNode", variable_name="rows"),
        other=node("GetVariableNode", variable_name="missing", default_value="default"),
        end=node("EndNode"),
    )
    result = await executor.run(flow, variables={"name": "rows", "x": 1})
    assert result["outputs"] == {"got": [1, 2], "other": "default"}


async def test_a_variable_may_be_set_from_its_older_name_for_the_value(executor: Executor) -> None:
    flow = chain(node("SetVariableNode", variable_name="a", default_value=7))
    assert (await executor.run(flow))["outputs"] == {"a": 7}


@pytest.mark.parametrize(
    ("bad", "error_type"),
    [
        (node("SetVariableNode", value=1), "INVALID_CONFIG"),
        (node("SetVariableNode", variable_name="a b", value=1), "INVALID_CONFIG"),
        (node("SetVariableNode", variable_name="a" * 65, value=1), "INVALID_CONFIG"),
        (node("SetVariableNode", variable_name="a"), "INVALID_CONFIG"),
        (node("GetVariableNode", variable_name="missing"), "UNDEFINED_VARIABLE"),
        (node("ExpressionNode"), "INVALID_CONFIG"),
        (node("ExpressionNode", expression=5), "INVALID_CONFIG"),
        (node("ForEachNode", items=5), "INVALID_WORKFLOW"),
        (node("DelayNode", seconds=-1), "INVALID_CONFIG"),
        (node("DelayNode", seconds="soon"), "INVALID_CONFIG"),
        (node("DelayNode", seconds=1e9), "INVALID_CONFIG"),
        (node("DelayNode", seconds=True), "INVALID_CONFIG"),
        (node("LogNode", message="x", level="loud"), "INVALID_CONFIG"),
    ],
)
async def test_a_setting_that_cannot_be_is_an_error(executor: Executor, bad: dict[str, Any], error_type: str) -> None:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(bad))
    assert (caught.value.error_type, caught.value.node_id) == (error_type, "n1")


@pytest.mark.parametrize("items", [5, "text", None])
async def test_only_lists_and_records_can_be_looped_over(executor: Executor, items: Any) -> None:
    flow = document("start -> each", start=node("StartNode"), each=node("ForEachNode", items=items))
    with pytest.raises(WorkflowError, match="`items` has to be a list or a record"):
        await executor.run(flow)


async def test_an_if_node_needs_a_condition(executor: Executor) -> None:
    flow = document("start -> if", start=node("StartNode"), **{"if": node("IfNode")})
    with pytest.raises(WorkflowError, match="`condition` is missing"):
        await executor.run(flow)


@pytest.mark.parametrize("config", [{"seconds": 0.01}, {"seconds": "0.01"}, {"duration_ms": 10}])
async def test_a_delay_is_given_in_seconds_or_milliseconds(executor: Executor, config: dict[str, Any]) -> None:
    result = await executor.run(chain(node("DelayNode", **config)))
    assert result["node_execution"][1]["duration_ms"] >= 10


async def test_a_log_node_writes_to_the_robots_log(executor: Executor) -> None:
    with capture_logs() as logs:
        await executor.run(chain(node("LogNode", message="{{n}} lines", level="warning")), variables={"n": 3})
    assert {"event": "workflow_message", "log_level": "warning", "message": "3 lines", "node_id": "n1"} in logs


async def test_work_that_takes_long_is_done_beside_the_loop_with_the_same_result(executor: Executor) -> None:
    flow = chain(node("ExpressionNode", expression="sum(numbers)", variable_name="total"))
    result = await executor.run(flow, variables={"numbers": list(range(100_000))})
    assert result["outputs"]["total"] == sum(range(100_000))


async def test_work_without_end_is_refused(executor: Executor) -> None:
    flow = chain(node("ExpressionNode", expression="numbers == numbers", variable_name="total"))
    with pytest.raises(WorkflowError, match="too large a value"):
        await executor.run(flow, variables={"numbers": list(range(600_000))})
