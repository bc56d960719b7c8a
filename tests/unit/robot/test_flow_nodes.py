"""Nodes that steer others: try, branches beside each other, loops, workflows inside workflows."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from robot.cancellation import CancelScope, JobStopped
from robot.errors import WorkflowError
from robot.executor import Executor, Surroundings
from tests.support.eventually import eventually
from tests.unit.robot.documents import chain, document, node

FAIL = node("ExpressionNode", expression="1 / 0")
SLOW = node("DelayNode", seconds=3600)


def note(word: str) -> dict[str, Any]:
    return node("ExpressionNode", expression=f"append(seen, '{word}')", variable_name="seen")


def trial(*connections: str, config: dict[str, Any] | None = None, **nodes: dict[str, Any]) -> dict[str, Any]:
    return document(
        *("start -> try", "try.try_body -> body", "try.completed -> after", *connections),
        start=node("StartNode"),
        **{"try": node("TryNode", **(config or {}))},
        after=note("after"),
        variables={"seen": []},
        **nodes,
    )


CAUGHT = ("try.catch -> rescue", "try.finally -> tidy")


async def test_a_caught_error_is_told_and_the_workflow_goes_on(executor: Executor) -> None:
    told = "append(seen, error['type'] + ' at ' + error['node'])"
    rescue = node("ExpressionNode", expression=told, variable_name="seen")
    result = await executor.run(trial(*CAUGHT, body=FAIL, rescue=rescue, tidy=note("tidy")))
    assert result["outputs"]["seen"] == ["EXPRESSION_ERROR at body", "tidy", "after"]
    by_id = {entry["node_id"]: entry for entry in result["node_execution"]}
    assert by_id["try"]["status"] == "completed"
    assert (by_id["body"]["status"], by_id["body"]["error"]["type"]) == ("failed", "EXPRESSION_ERROR")


async def test_without_an_error_only_finally_follows(executor: Executor) -> None:
    result = await executor.run(trial(*CAUGHT, body=note("body"), rescue=note("rescue"), tidy=note("tidy")))
    assert result["outputs"]["seen"] == ["body", "tidy", "after"]


@pytest.mark.parametrize(
    ("connections", "config"), [(("try.finally -> tidy",), {}), (CAUGHT, {"error_types": ["HTTP_STATUS"]})]
)
async def test_an_error_that_is_not_caught_goes_on_after_finally(
    tmp_path: Path, executor: Executor, connections: tuple[str, ...], config: dict[str, Any]
) -> None:
    tidy = node("WriteJSONNode", file_path="tidy.json", data=1)
    with pytest.raises(WorkflowError) as caught:
        await executor.run(trial(*connections, config=config, body=FAIL, rescue=note("rescue"), tidy=tidy))
    assert (caught.value.error_type, caught.value.node_id) == ("EXPRESSION_ERROR", "body")
    assert (tmp_path / "tidy.json").exists()


async def test_an_end_inside_a_try_body_runs_finally_and_ends_the_workflow(executor: Executor) -> None:
    body = node("EndNode", outputs={"done": True})
    result = await executor.run(trial(*CAUGHT, body=body, rescue=note("rescue"), tidy=note("tidy")))
    assert result["outputs"] == {"done": True}
    assert [entry["node_id"] for entry in result["node_execution"]] == ["start", "try", "body", "tidy"]


async def test_break_and_continue_leave_a_try_body_inside_a_loop(executor: Executor) -> None:
    flow = document(
        *("start -> each", "each.loop_body -> try", "try.try_body -> odd", "odd.true -> skip", "odd.false -> big"),
        *("big.true -> stop", "big.false -> see"),
        start=node("StartNode"),
        each=node("ForNode", end=10, variable_name="i"),
        **{"try": node("TryNode")},
        odd=node("IfNode", condition="i % 2 == 1"),
        skip=node("ContinueNode"),
        big=node("IfNode", condition="i > 5"),
        stop=node("BreakNode"),
        see=node("ExpressionNode", expression="append(seen, i)", variable_name="seen"),
        variables={"seen": []},
    )
    result = await executor.run(flow)
    assert result["outputs"]["seen"] == [0, 2, 4]


async def test_a_while_loop_ends_with_its_condition_or_its_rounds(executor: Executor) -> None:
    def flow(condition: str) -> dict[str, Any]:
        return document(
            *("start -> while", "while.loop_body -> add", "while.completed -> end", "while.count -> end.rounds"),
            start=node("StartNode"),
            **{"while": node("WhileNode", condition=condition, max_rounds=5)},
            add=node("ExpressionNode", expression="n + 1", variable_name="n"),
            end=node("EndNode"),
            variables={"n": 0},
        )

    assert (await executor.run(flow("n < 3")))["outputs"] == {"rounds": 3}
    with pytest.raises(WorkflowError, match="still true after 5 rounds"):
        await executor.run(flow("true"))


async def test_a_break_without_a_loop_is_refused(executor: Executor) -> None:
    with pytest.raises(WorkflowError, match="no loop around"):
        await executor.run(document("start -> break", start=node("StartNode"), **{"break": node("BreakNode")}))


def fork(config: dict[str, Any], **branches: dict[str, Any]) -> dict[str, Any]:
    return document(
        *("start -> fork", "fork.completed -> after", *(f"fork.branch -> {name}" for name in branches)),
        *("fork.failed -> after.failed", "fork.branches -> after.branches"),
        start=node("StartNode"),
        fork=node("ParallelNode", **config),
        after=node("EndNode"),
        variables={"seen": []},
        **branches,
    )


async def test_branches_run_beside_each_other_and_meet_again(executor: Executor) -> None:
    cancel = CancelScope()
    shown: list[str | None] = []

    async def watch(_percent: int, node_id: str | None, _message: str | None) -> None:
        shown.append(node_id)

    flow = fork({}, a=SLOW, b=SLOW)
    running = asyncio.create_task(executor.run(flow, cancel=cancel, progress=watch))
    await eventually(lambda: {"a", "b"} <= set(shown))
    cancel.cancel()
    with pytest.raises(JobStopped):
        await running
    done = await executor.run(fork({"max_concurrency": 1}, a=note("a"), b=note("b"), c=note("c")))
    assert done["outputs"]["failed"] == 0
    assert [each["node_id"] for each in done["outputs"]["branches"]] == ["a", "b", "c"]


async def test_the_first_failure_of_a_branch_stops_the_others(executor: Executor) -> None:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(fork({}, a=SLOW, b=FAIL, c=SLOW))
    assert (caught.value.error_type, caught.value.node_id) == ("EXPRESSION_ERROR", "b")


async def test_collected_failures_are_told_and_do_not_stop_the_others(executor: Executor) -> None:
    result = await executor.run(fork({"on_failure": "collect"}, a=FAIL, b=note("b")))
    outputs = result["outputs"]
    assert outputs["failed"] == 1
    assert [each["error_type"] for each in outputs["branches"]] == ["EXPRESSION_ERROR", None]


async def test_a_failed_branch_can_be_caught_around_the_fork(executor: Executor) -> None:
    flow = trial(
        *("try.catch -> rescue", "body.branch -> a", "body.branch -> b"),
        body=node("ParallelNode"),
        a=SLOW,
        b=FAIL,
        rescue=note("rescue"),
    )
    assert (await executor.run(flow))["outputs"]["seen"] == ["rescue", "after"]


async def test_a_loop_in_each_branch_sees_its_own_rounds(executor: Executor) -> None:
    flow = document(
        *("start -> fork", "fork.branch -> l1", "fork.branch -> l2"),
        *("l1.loop_body -> d1", "d1 -> s1", "l1.value -> s1.n", "l2.loop_body -> d2", "d2 -> s2", "l2.value -> s2.n"),
        start=node("StartNode"),
        fork=node("ParallelNode"),
        l1=node("ForNode", end=3),
        l2=node("ForNode", start=10, end=13),
        d1=node("DelayNode", seconds=0.001),
        d2=node("DelayNode", seconds=0.001),
        s1=node("ExpressionNode", expression="append(a, n)", variable_name="a"),
        s2=node("ExpressionNode", expression="append(b, n)", variable_name="b"),
        variables={"a": [], "b": []},
    )
    assert (await executor.run(flow))["outputs"] == {"a": [0, 1, 2], "b": [10, 11, 12]}


DOUBLE = chain(node("ExpressionNode", expression="n * 2", variable_name="doubled"), variables={"n": 1})


async def test_a_workflow_runs_inside_another(executor: Executor) -> None:
    call = node("SubWorkflowNode", workflow=DOUBLE, inputs={"n": "{{number}}"}, outputs={"result": "doubled"})
    result = await executor.run(chain(call, variables={"number": 21, "doubled": "mine"}))
    assert result["outputs"] == {"result": 42}
    assert "n1/n1" in [entry["node_id"] for entry in result["node_execution"]]


async def test_what_a_node_inside_logs_names_its_place(executor: Executor) -> None:
    told: list[tuple[str, str, str | None]] = []
    around = Surroundings(log=lambda *line: told.append(line))
    await executor.run(chain(node("SubWorkflowNode", workflow=chain(node("LogNode", message="inside")))), around=around)
    assert ("info", "inside", "n1/n1") in told


async def test_a_failure_inside_is_placed_at_the_inner_node(executor: Executor) -> None:
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(node("SubWorkflowNode", workflow=chain(FAIL))))
    assert caught.value.node_id == "n1/n1"
    with pytest.raises(WorkflowError) as caught:
        await executor.run(chain(node("SubWorkflowNode", workflow=chain(node("MysteryNode")))))
    assert (caught.value.error_type, caught.value.node_id) == ("UNKNOWN_NODE_TYPE", "n1/n1")


async def test_a_workflow_in_a_file_that_runs_itself_is_refused(tmp_path: Path, executor: Executor) -> None:
    (tmp_path / "again.json").write_text(json.dumps(chain(node("SubWorkflowNode", file="./again.json"))))
    with pytest.raises(WorkflowError, match=r"runs itself: the file again\.json → the file again\.json"):
        await executor.run(chain(node("SubWorkflowNode", file="again.json")))


async def test_workflows_go_only_so_deep(executor: Executor) -> None:
    flow = chain(note("bottom"), variables={"seen": []})
    for _ in range(9):
        flow = chain(node("SubWorkflowNode", workflow=flow))
    with pytest.raises(WorkflowError, match="deeper than 8"):
        await executor.run(flow)


async def test_stored_workflows_are_fetched_and_must_not_run_themselves(executor: Executor) -> None:
    asked: list[tuple[str, int | None]] = []

    class Stored:
        async def fetch(self, workflow_id: str, version: int | None) -> object:
            asked.append((workflow_id, version))
            return DOUBLE if workflow_id == "double" else chain(node("SubWorkflowNode", workflow_id="outer"))

    around = Surroundings(workflows=Stored(), identity="workflow outer")
    call = node("SubWorkflowNode", workflow_id="double", version=3, inputs={"n": 4})
    result = await executor.run(chain(call, node("ExpressionNode", expression="1")), around=around)
    assert asked == [("double", 3)]
    assert result["outputs"] == {}
    with pytest.raises(WorkflowError, match="workflow outer → workflow other → workflow outer"):
        await executor.run(chain(node("SubWorkflowNode", workflow_id="other")), around=around)
    with pytest.raises(WorkflowError, match="needs a server"):
        await executor.run(chain(node("SubWorkflowNode", workflow_id="double")))
