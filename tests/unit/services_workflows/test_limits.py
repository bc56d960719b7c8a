"""How large a workflow may be (contract clarifications 10)."""

from typing import Any

import pytest

from services.workflows.domain.limits import (
    MAX_BYTES,
    MAX_LEVELS,
    MAX_METADATA_BYTES,
    MAX_NODES,
    InvalidWorkflow,
    WorkflowTooLarge,
    check_metadata_size,
    check_nesting,
    check_size,
    count_nodes,
)


def nested(n_levels: int, *, in_arrays: bool = False) -> dict[str, Any]:
    """An object of `n_levels` levels."""
    value: Any = {}
    for level in range(n_levels - 1):
        value = [value] if in_arrays and level < n_levels - 2 else {"a": value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("nodes", [{}, [], {"a": 1}, [1] * MAX_NODES])
def test_nodes_are_counted_in_objects_and_arrays(nodes: Any) -> None:
    assert count_nodes({"nodes": nodes}) == len(nodes)


@pytest.mark.parametrize(
    ("workflow", "offence"),
    [
        ({}, "nodes: is missing"),
        ({"nodes": None}, "object or an array"),
        ({"nodes": "abc"}, "object or an array"),
        ({"nodes": 1}, "object or an array"),
        ({"nodes": [0] * (MAX_NODES + 1)}, "1001 nodes"),
        ({"nodes": {str(n): 0 for n in range(MAX_NODES + 1)}}, "1001 nodes"),
    ],
)
def test_missing_malformed_or_too_many_nodes_are_refused_by_name(workflow: dict[str, Any], offence: str) -> None:
    with pytest.raises(InvalidWorkflow, match=offence) as refusal:
        count_nodes(workflow)
    assert refusal.value.errors[0].field == "workflow_json.nodes"


@pytest.mark.parametrize("in_arrays", [False, True])
def test_64_levels_are_allowed_and_65_are_not(in_arrays: bool) -> None:
    check_nesting("workflow_json", nested(MAX_LEVELS, in_arrays=in_arrays))
    with pytest.raises(InvalidWorkflow, match="more than 64 levels"):
        check_nesting("workflow_json", nested(MAX_LEVELS + 1, in_arrays=in_arrays))


def test_depth_is_found_on_any_branch() -> None:
    with pytest.raises(InvalidWorkflow):
        check_nesting("workflow_json", {"a": {}, "b": [1, [], nested(MAX_LEVELS)], "c": "text"})


def test_nesting_beyond_pythons_recursion_limit_is_refused_all_the_same() -> None:
    with pytest.raises(InvalidWorkflow):
        check_nesting("workflow_json", nested(100_000))


def test_sizes_are_refused_only_above_their_cap() -> None:
    check_size(MAX_BYTES)
    check_metadata_size(MAX_METADATA_BYTES)
    with pytest.raises(WorkflowTooLarge, match=str(MAX_BYTES)):
        check_size(MAX_BYTES + 1)
    with pytest.raises(InvalidWorkflow, match="metadata"):
        check_metadata_size(MAX_METADATA_BYTES + 1)
