"""How control and data move."""

from pathlib import Path
from typing import Any

import pytest

from robot.errors import NodeCrashed
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.nodes import NODE_TYPES, NodeContext, NodeTable, Outcome
from tests.unit.robot.documents import chain, document, node


async def test_the_empty_workflow_completes_with_an_empty_result(executor: Executor) -> None:
    assert await executor.run({"nodes": {}, "connections": []}) == {"outputs": {}, "node_execution": []}


async def test_nodes_run_in_the_order_of_control_and_are_recorded(executor: Executor) -> None:
    result = await executor.run(
        chain(
            node("SetVariableNode", variable_name="a", value=2),
            node("ExpressionNode", expression="a * 3", variable_name="b"),
        )
    )
    assert result["outputs"] == {"a": 2, "b": 6}
    assert [(each["node_id"], each["status"], each["runs"]) for each in result["node_execution"]] == [
        ("start", "completed", 1),
        ("n1", "completed", 1),
        ("n2", "completed", 1),
        ("end", "completed", 1),
    ]
    assert all(isinstance(each["duration_ms"], int) for each in result["node_execution"])


async def test_the_jobs_variables_win_over_the_documents(executor: Executor) -> None:
    flow = chain(node("ExpressionNode", expression="a + b", variable_name="sum"), variables={"a": 1, "b": 1})
    assert (await executor.run(flow, variables={"b": 10}))["outputs"] == {"sum": 11}


async def test_a_wire_wins_over_the_config(executor: Executor) -> None:
    flow = document(
        *("start -> compute", "compute -> keep", "compute.result -> keep.value"),
        start=node("StartNode"),
        compute=node("ExpressionNode", expression="'wired'"),
        keep=node("SetVariableNode", variable_name="v", value="configured"),
    )
    assert (await executor.run(flow))["outputs"] == {"v": "wired"}


async def test_what_arrives_at_an_end_node_and_its_outputs_are_the_jobs_outputs(executor: Executor) -> None:
    flow = document(
        *("start -> compute", "compute -> end", "compute.result -> end.total"),
        start=node("StartNode"),
        compute=node("ExpressionNode", expression="decimal('1.10') + 1", variable_name="hidden"),
        end=node("EndNode", outputs={"label": "sum {{hidden}}"}),
    )
    assert (await executor.run(flow))["outputs"] == {"total": "2.10", "label": "sum 2.10"}


@pytest.mark.parametrize(("number", "taken"), [(5, "high"), (1, "low")])
async def test_an_if_node_takes_one_branch_and_both_may_join_again(executor: Executor, number: int, taken: str) -> None:
    flow = document(
        *("start -> if", "if.true -> high", "if.false -> low", "high -> after", "low -> after"),
        start=node("StartNode"),
        high=node("SetVariableNode", variable_name="taken", value="high"),
        low=node("SetVariableNode", variable_name="taken", value="low"),
        after=node("ExpressionNode", expression="'took ' + taken", variable_name="text"),
        **{"if": node("IfNode", condition="number > 3")},
    )
    result = await executor.run(flow, variables={"number": number})
    assert result["outputs"] == {"taken": taken, "text": f"took {taken}"}
    assert len(result["node_execution"]) == 4


async def test_a_condition_by_wire_is_data_and_not_an_expression(executor: Executor) -> None:
    flow = document(
        *("start -> text", "text -> if", "text.result -> if.condition", "if.true -> yes", "if.false -> no"),
        start=node("StartNode"),
        text=node("ExpressionNode", expression="'1 == 2'"),
        yes=node("SetVariableNode", variable_name="answer", value="yes"),
        no=node("SetVariableNode", variable_name="answer", value="no"),
        **{"if": node("IfNode", condition="false")},
    )
    assert (await executor.run(flow))["outputs"] == {"answer": "yes"}


async def test_branches_from_one_port_run_one_after_another_each_to_its_end(executor: Executor) -> None:
    def see(letter: str) -> dict[str, Any]:
        return node("ExpressionNode", expression=f"seen + '{letter}'", variable_name="seen")

    flow = document(
        *("start -> a", "start -> b", "a -> a2", "a2 -> end", "b -> end"),
        start=node("StartNode"),
        a=see("a"),
        a2=see("A"),
        b=see("b"),
        end=node("EndNode"),
        variables={"seen": ""},
    )
    assert (await executor.run(flow))["outputs"] == {"seen": "aAb"}


async def test_a_robot_can_have_node_types_of_its_own(tmp_path: Path) -> None:
    own = NodeTable()

    @own.register("GreetNode")
    async def greet(context: NodeContext) -> Outcome:
        return Outcome({"text": f"hello {context.text('name')}"})

    @own.register("BrokenNode")
    async def broken(context: NodeContext) -> Outcome:
        return Outcome({"text": context.node.config["missing"]})

    executor = Executor(WorkingDirectory(tmp_path), node_types=NodeTable.of(NODE_TYPES, own))
    flow = chain(node("GreetNode", name="{{who}}"), variables={"who": "world"})
    flow["connections"].append(
        {"source_node": "n1", "source_port": "text", "target_node": "end", "target_port": "greeting"}
    )
    assert (await executor.run(flow))["outputs"] == {"greeting": "hello world"}
    with pytest.raises(NodeCrashed, match="BrokenNode failed with KeyError") as caught:
        await executor.run(chain(node("BrokenNode")))
    assert (caught.value.error_type, caught.value.node_id) == ("NODE_CRASHED", "n1")
