"""Workflow documents for tests."""

import json
from itertools import pairwise
from typing import Any, Final

from tests.support.run import ROOT

INVOICES: Final = ROOT / "examples" / "invoices"

Json = dict[str, Any]


def invoices() -> Json:
    """The example's workflow; it reads `examples/invoices/invoices.csv` of its robot's folder."""
    document: Json = json.loads((INVOICES / "workflow.json").read_text("utf-8"))
    return document


def nothing() -> Json:
    """Ends as soon as it begins."""
    return _chain()


def delay(seconds: float) -> Json:
    """Waits."""
    return _chain(wait=("DelayNode", {"seconds": seconds}))


def delay_by_file() -> Json:
    """Waits as many seconds as `delay.csv` of its robot's folder says: longer on one robot than on another."""
    document = _chain(
        read=("ReadCSVNode", {"file_path": "delay.csv"}),
        pick=("ExpressionNode", {"expression": "data[0]['seconds']"}),
        wait=("DelayNode", {}),
    )
    document["connections"] += [_wire("read.data", "pick.data"), _wire("pick.result", "wait.seconds")]
    return document


def _chain(**nodes: tuple[str, Json]) -> Json:
    """Start, the given nodes (type and config) and an end, one after another."""
    named: dict[str, tuple[str, Json]] = {"start": ("StartNode", {}), **nodes, "end": ("EndNode", {})}
    return {
        "nodes": {
            name: {"node_id": name, "node_type": kind, "name": name, "config": config, "position": [0, 0]}
            for name, (kind, config) in named.items()
        },
        "connections": [_wire(f"{first}.exec_out", f"{second}.exec_in") for first, second in pairwise(named)],
    }


def _wire(source: str, target: str) -> Json:
    source_node, _, source_port = source.partition(".")
    target_node, _, target_port = target.partition(".")
    return {
        "source_node": source_node,
        "source_port": source_port,
        "target_node": target_node,
        "target_port": target_port,
    }
