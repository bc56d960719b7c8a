"""How nodes are repeated."""

from pathlib import Path

import pytest

from robot.errors import InvalidWorkflow, WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
from tests.unit.robot.documents import SEE, document, loop, node


@pytest.mark.parametrize("back", [(), ("see -> each",)], ids=["ending", "leading back"])
async def test_a_loop_runs_its_body_for_each_item_and_then_goes_on(executor: Executor, back: tuple[str, ...]) -> None:
    result = await executor.run(loop("each.loop_body -> see", *back, see=SEE))
    assert result["outputs"]["result"] == [30, 41]
    assert {each["node_id"]: each["runs"] for each in result["node_execution"]}["see"] == 2


async def test_a_loop_over_nothing_and_a_loop_without_a_body_go_on(executor: Executor) -> None:
    assert (await executor.run(loop("each.loop_body -> see", see=SEE, items=[])))["outputs"]["result"] == []
    assert (await executor.run(loop()))["outputs"]["result"] == []


async def test_a_loop_over_a_record_gives_keys_and_values(executor: Executor) -> None:
    see = node("ExpressionNode", expression="append(seen, item['key'] + item['value'])", variable_name="seen")
    result = await executor.run(loop("each.loop_body -> see", see=see, items={"a": "1", "b": "2"}))
    assert result["outputs"]["result"] == ["a1", "b2"]


async def test_loops_nest(executor: Executor) -> None:
    inner = node("ForEachNode", items="{{item}}", item_variable="letter")
    see = node("ExpressionNode", expression="append(seen, letter)", variable_name="seen")
    flow = loop("each.loop_body -> inner", "inner.loop_body -> see", inner=inner, see=see, items=[["a", "b"], ["c"]])
    assert (await executor.run(flow))["outputs"]["result"] == ["a", "b", "c"]


async def test_a_round_does_not_see_the_data_of_the_round_before(executor: Executor) -> None:
    flow = loop(
        *("each.loop_body -> if", "if.true -> first", "if.false -> use", "first.result -> use.old"),
        first=node("ExpressionNode", expression="'only in the first round'"),
        use=node("ExpressionNode", expression="old"),
        **{"if": node("IfNode", condition="position == 0")},
    )
    with pytest.raises(WorkflowError, match=r"'use' takes 'old' .* of node 'first', which has not run"):
        await executor.run(flow)


async def test_an_end_node_inside_a_loop_ends_the_branch_with_theloop(executor: Executor) -> None:
    flow = loop(
        *("each.loop_body -> see", "see -> end"),
        see=SEE,
        end=node("EndNode", outputs={"seen": "{{seen}}"}),
    )
    result = await executor.run(flow)
    assert result["outputs"] == {"seen": [30]}
    assert "after" not in {each["node_id"] for each in result["node_execution"]}


async def test_loops_cannot_nest_without_end(tmp_path: Path) -> None:
    executor = Executor(WorkingDirectory(tmp_path), limits=Limits(max_loop_depth=3))
    loops = {f"l{i}": node("ForEachNode", items=[1]) for i in range(4)}
    bodies = [f"l{i}.loop_body -> l{i + 1}" for i in range(3)]
    with pytest.raises(InvalidWorkflow, match="deeper than 3"):
        await executor.run(document("start -> l0", *bodies, start=node("StartNode"), **loops))
