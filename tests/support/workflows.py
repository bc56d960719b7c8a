"""Workflow documents for tests."""

import base64
import json
import random
from itertools import pairwise
from typing import Any, Final

from tests.support.run import ROOT

_NODE: Final = b'"n%04d":{"config":{"text":"%b"}}'
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


def largest(n_bytes: int, n_nodes: int) -> bytes:
    """A compact definition of exactly `n_bytes` that packs badly."""
    noise = base64.b64encode(random.Random(1).randbytes(n_bytes * 3 // 4))
    empty = b'{"nodes":{' + b",".join(_NODE % (number, b"") for number in range(n_nodes)) + b"}}"
    share, rest = divmod(n_bytes - len(empty), n_nodes)
    texts = [noise[number * share : (number + 1) * share] for number in range(n_nodes)]
    texts[0] += b"x" * rest
    return b'{"nodes":{' + b",".join(_NODE % (number, text) for number, text in enumerate(texts)) + b"}}"


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
