"""What is refused of a definition, by the name of the node, and what is left alone."""

import json
from typing import Any

import msgspec
import pytest

from services.workflows.domain.compact_json import PIECE_BYTES, NotJson, compacted
from services.workflows.domain.document import MAX_PROBLEMS, read_document
from services.workflows.domain.limits import InvalidWorkflow

TEXT = 'ü\u0000\n\\" x'

VALID: dict[str, dict[str, Any]] = {
    "the contract's example": {"nodes": {}, "connections": [], "metadata": {}},
    "no connections": {"nodes": {"a": {}}},
    "connections null": {"nodes": {"a": {}}, "connections": None},
    "unknown node types": {"nodes": {"a": {"node_type": "Whatever"}, "b": {"node_type": None, "type": 7}}},
    "a connection by key": {
        "nodes": {"a": {}, "b": {"node_id": "c"}},
        "connections": [{"source_node": "a", "target_node": "b"}, {"source_node": "a", "target_node": "c"}],
    },
    "a connection by the id of an array's node": {
        "nodes": [{"node_id": "a"}, {"id": "b"}],
        "connections": [{"source_node": "a", "target_node": "b"}],
    },
    "connections of other forms": {
        "nodes": {"a": {}},
        "connections": [["a", "b"], "a->b", {"from": "x", "to": "y"}, {"source_node": 1}, None],
    },
    "names that are not told": {"nodes": [{}, {"node_id": "a"}], "connections": [{"source_node": "b"}]},
    "ids that are numbers": {"nodes": [{"id": 1}, {"id": 1}]},
    "anything beside": {"nodes": {}, "variables": {"x": [1, 2.5, None, True]}, "settings": TEXT},
}
INVALID: dict[str, tuple[dict[str, Any], str, str]] = {
    "a node that is a number": ({"nodes": {"fetch": 1}}, "nodes.fetch", "node 'fetch' is not an object"),
    "a node that is null": ({"nodes": {"fetch": None}}, "nodes.fetch", "node 'fetch' is not an object"),
    "an array's node that is text": ({"nodes": [{}, "fetch"]}, "nodes.1", "node 1 is not an object"),
    "a node_type that is no text": ({"nodes": {"fetch": {"node_type": 5}}}, "nodes.fetch.node_type", "node 'fetch'"),
    "two nodes of one id": ({"nodes": [{"node_id": "a"}, {"id": "a"}]}, "nodes.1", "another node is called 'a'"),
    "connections that are an object": ({"nodes": {}, "connections": {}}, "connections", "must be an array"),
    "a source that does not exist": (
        {"nodes": {"a": {}}, "connections": [{"source_node": "a"}, {"source_node": "b", "target_node": "a"}]},
        "connections.1.source_node",
        "names the node 'b', which does not exist",
    ),
    "a target that does not exist": (
        {"nodes": [{"node_id": "a"}], "connections": [{"source_node": "a", "target_node": "gone"}]},
        "connections.0.target_node",
        "'gone'",
    ),
}


@pytest.mark.parametrize("case", VALID)
def test_what_may_be_meant_is_kept_as_it_is(case: str) -> None:
    document = read_document(json.dumps(VALID[case], indent=2).encode())
    assert document.text == msgspec.json.encode(VALID[case])


@pytest.mark.parametrize("case", INVALID)
def test_what_can_never_be_meant_is_refused_by_the_nodes_name(case: str) -> None:
    workflow, field, message = INVALID[case]
    with pytest.raises(InvalidWorkflow) as refusal:
        read_document(json.dumps(workflow).encode())
    [problem] = refusal.value.errors
    assert problem.field == f"workflow_json.{field}"
    assert message in problem.message
    assert message in refusal.value.detail


def test_offences_are_named_together_but_not_without_end() -> None:
    nodes = dict.fromkeys(map(str, range(100)), 0)
    with pytest.raises(InvalidWorkflow) as refusal:
        read_document(json.dumps({"nodes": nodes}).encode())
    assert len(refusal.value.errors) == MAX_PROBLEMS


def test_a_name_of_a_megabyte_is_shortened_in_the_message() -> None:
    with pytest.raises(InvalidWorkflow) as refusal:
        read_document(json.dumps({"nodes": {"n" * 1_000_000: 0}}).encode())
    assert len(refusal.value.detail) < 1_000


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b'{"nodes":{"a":NaN}}', b'{"nodes":{"a":"\\ud800"}}', b"\xff"]
)
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidWorkflow, match="not a valid JSON object"):
        read_document(text)


@pytest.mark.parametrize(
    "value",
    [
        {"a": "x" * PIECE_BYTES, "b": [{"c": "y" * PIECE_BYTES}, {}, [], 1], TEXT: TEXT},
        {"many": [{"n": number, "f": number / 7} for number in range(20_000)]},
        {"numbers": list(range(100_000))},
        {"empty": {}, "list": [], "filling": "x" * PIECE_BYTES},
    ],
)
def test_a_text_read_in_pieces_is_compacted_like_one_read_whole(value: dict[str, Any]) -> None:
    assert compacted(json.dumps(value, indent=1).encode(), 64) == msgspec.json.encode(value)


def test_a_flaw_in_any_piece_is_found() -> None:
    text = b'{"a":"' + b"x" * PIECE_BYTES + b'","b":["' + b"y" * PIECE_BYTES + b'\xff"]}'
    with pytest.raises(NotJson):
        compacted(text, 64)
