from typing import Any

import pytest

from robot.errors import InvalidWorkflow
from robot.workflow import decode_workflow, parse_workflow

START = {"node_id": "s", "node_type": "StartNode"}
LOG = {"node_id": "l", "node_type": "LogNode", "config": {"message": "hi"}}
CONTROL = {"source_node": "s", "source_port": "exec_out", "target_node": "l", "target_port": "exec_in"}
DATA = {"source_node": "s", "source_port": "value", "target_node": "l", "target_port": "message"}


@pytest.mark.parametrize("nodes", [{"s": START, "l": LOG}, [START, LOG]], ids=["object", "array"])
def test_nodes_are_an_object_or_an_array(nodes: Any) -> None:
    workflow = parse_workflow({"nodes": nodes, "connections": [CONTROL, DATA]})
    assert workflow.start == "s"
    assert workflow.after("s", "exec_out") == ("l",)
    assert workflow.wires == {"l": {"message": ("s", "value")}}
    assert workflow.nodes["l"].config == {"message": "hi"}


def test_a_node_in_an_object_may_leave_its_id_to_the_key() -> None:
    assert parse_workflow({"nodes": {"s": {"node_type": "StartNode"}}}).start == "s"


def test_the_empty_workflow_is_one() -> None:
    assert parse_workflow({"nodes": {}, "connections": []}).start is None


def test_variables_are_values_or_declarations() -> None:
    declared = {
        "a": 1,
        "b": {"type": "string", "default": "x"},
        "c": {"type": "list", "default_value": []},
        "d": {"k": 1},
    }
    workflow = parse_workflow({"nodes": {}, "variables": declared})
    assert workflow.variables == {"a": 1, "b": "x", "c": [], "d": {"k": 1}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a workflow is an object"),
        ({}, "`nodes` is"),
        ({"nodes": "x"}, "`nodes` is"),
        ({"nodes": {"l": LOG}}, "no StartNode"),
        ({"nodes": [START, {"node_id": "t", "node_type": "StartNode"}]}, "one StartNode, not 2"),
        ({"nodes": [START, START]}, "two nodes are called 's'"),
        ({"nodes": {"s": "x"}}, "is not an object"),
        ({"nodes": {"other": START}}, "calls itself 's'"),
        ({"nodes": [{"node_type": "StartNode"}]}, "no `node_id`"),
        ({"nodes": {"s": {}}}, "no `node_type`"),
        ({"nodes": {"s": {**START, "config": [1]}}}, "`config` of node 's'"),
        ({"nodes": [START], "connections": {}}, "`connections` is"),
        ({"nodes": [START], "connections": [{"source_node": "s"}]}, "a connection has"),
        ({"nodes": [START], "connections": ["s"]}, "a connection has"),
        ({"nodes": [START], "connections": [CONTROL]}, "names the node 'l'"),
        ({"nodes": [START, LOG], "connections": [DATA, DATA]}, "has two sources"),
        ({"nodes": [START], "variables": []}, "`variables` is"),
        ({"nodes": [{"node_id": str(i), "node_type": "LogNode"} for i in range(1_001)]}, "at most 1,000 nodes"),
        ({"nodes": [START], "connections": [CONTROL] * 10_001}, "at most 10,000"),
    ],
)
def test_an_invalid_document_is_refused_saying_why(document: Any, message: str) -> None:
    with pytest.raises(InvalidWorkflow, match=message) as caught:
        parse_workflow(document)
    assert (caught.value.error_type, caught.value.retryable) == ("INVALID_WORKFLOW", False)


@pytest.mark.parametrize("text", ["", "{", "nope", '{"a": NaN}', "[" * 5_000, '"\ud800'])
def test_a_text_that_is_not_json_is_an_invalid_workflow(text: str) -> None:
    with pytest.raises(InvalidWorkflow, match="not JSON"):
        decode_workflow(text)
