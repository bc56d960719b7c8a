"""Workflow documents for tests, written briefly."""

from itertools import pairwise
from typing import Any


def node(node_type: str, **config: Any) -> dict[str, Any]:
    return {"node_type": node_type, "name": node_type, "config": config, "position": [0, 0]}


def document(*connections: str, variables: dict[str, Any] | None = None, **nodes: dict[str, Any]) -> dict[str, Any]:
    """Each connection is `a -> b` for control, `a.port -> b` for another exec port, `a.port -> b.port` for data."""
    return {
        "nodes": {name: {"node_id": name, **entry} for name, entry in nodes.items()},
        "connections": [_connection(each) for each in connections],
        "variables": variables or {},
    }


def chain(*nodes: dict[str, Any], variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """A StartNode, the given nodes as n1, n2, … and an EndNode, one after another."""
    named = {"start": node("StartNode"), **{f"n{i}": each for i, each in enumerate(nodes, 1)}, "end": node("EndNode")}
    names = list(named)
    return document(*(f"{a} -> {b}" for a, b in pairwise(names)), variables=variables, **named)


def loop(*connections: str, items: Any = "{{rows}}", **nodes: dict[str, Any]) -> dict[str, Any]:
    return document(
        *("start -> each", "each.completed -> after", *connections),
        start=node("StartNode"),
        each=node("ForEachNode", items=items, index_variable="position"),
        after=node("ExpressionNode", expression="seen", variable_name="result"),
        variables={"seen": [], "rows": [3, 4]},
        **nodes,
    )


def _connection(text: str) -> dict[str, str]:
    source, target = (side.strip().partition(".") for side in text.split("->"))
    return {
        "source_node": source[0],
        "source_port": source[2] or "exec_out",
        "target_node": target[0],
        "target_port": target[2] or "exec_in",
    }


SEE = node("ExpressionNode", expression="append(seen, item * 10 + position)", variable_name="seen")
