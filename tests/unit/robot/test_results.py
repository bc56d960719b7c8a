"""What a finished workflow hands back."""

from pathlib import Path

import pytest

from robot.errors import WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
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
