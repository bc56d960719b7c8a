"""How large a workflow may be (contract clarifications 10)."""

import json
from typing import Any

import pytest

from services.workflows.domain.document import read_document
from services.workflows.domain.limits import (
    MAX_BYTES,
    MAX_LEVELS,
    MAX_METADATA_BYTES,
    MAX_NODES,
    InvalidWorkflow,
    WorkflowTooLarge,
    check_metadata_size,
    check_size,
)


def nested(n_levels: int, *, in_arrays: bool = False) -> bytes:
    """An object of `n_levels` levels."""
    inner = n_levels - 1
    if in_arrays:
        return b'{"nodes":{},"a":' + b"[" * inner + b"]" * inner + b"}"
    return b'{"nodes":{},"a":' + b'{"a":' * (inner - 1) + b"{}" + b"}" * inner


@pytest.mark.parametrize("nodes", [{}, [], {"a": {}}, [{}] * MAX_NODES])
def test_nodes_are_counted_in_objects_and_arrays(nodes: Any) -> None:
    assert read_document(json.dumps({"nodes": nodes}).encode()).n_nodes == len(nodes)


@pytest.mark.parametrize(
    ("workflow", "offence"),
    [
        ({}, "nodes: is missing"),
        ({"nodes": None}, "object or an array"),
        ({"nodes": "abc"}, "object or an array"),
        ({"nodes": 1}, "object or an array"),
        ({"nodes": [{}] * (MAX_NODES + 1)}, "1001 nodes"),
        ({"nodes": {str(n): {} for n in range(MAX_NODES + 1)}}, "1001 nodes"),
    ],
)
def test_missing_malformed_or_too_many_nodes_are_refused_by_name(workflow: dict[str, Any], offence: str) -> None:
    with pytest.raises(InvalidWorkflow, match=offence) as refusal:
        read_document(json.dumps(workflow).encode())
    assert refusal.value.errors[0].field == "workflow_json.nodes"


@pytest.mark.parametrize("filling", [b"", b" " * 300_000])
@pytest.mark.parametrize("in_arrays", [False, True])
def test_64_levels_are_allowed_and_65_are_not(in_arrays: bool, filling: bytes) -> None:
    read_document(nested(MAX_LEVELS, in_arrays=in_arrays) + filling)
    with pytest.raises(InvalidWorkflow, match="more than 64 levels"):
        read_document(nested(MAX_LEVELS + 1, in_arrays=in_arrays) + filling)


@pytest.mark.parametrize("n_levels", [66, 900])
def test_depth_is_found_in_a_text_that_is_read_in_pieces(n_levels: int) -> None:
    large = b'"' + b"x" * 300_000 + b'"'
    deep = nested(n_levels).replace(b"{}}", b'{"b":' + large + b"}}", 1)
    with pytest.raises(InvalidWorkflow, match="more than 64 levels"):
        read_document(deep)


def test_nesting_beyond_the_parsers_own_limit_is_refused_all_the_same() -> None:
    with pytest.raises(InvalidWorkflow):
        read_document(nested(100_000))


def test_sizes_are_refused_only_above_their_cap() -> None:
    check_size(MAX_BYTES)
    check_metadata_size(MAX_METADATA_BYTES)
    with pytest.raises(WorkflowTooLarge, match=str(MAX_BYTES)):
        check_size(MAX_BYTES + 1)
    with pytest.raises(InvalidWorkflow, match="metadata"):
        check_metadata_size(MAX_METADATA_BYTES + 1)
