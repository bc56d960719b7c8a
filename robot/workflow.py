"""The workflow document, checked and ready to follow.

`nodes` is a record by id or a list of nodes with `node_id`; a node has `node_type`, `config` and what editors need.
`connections` join ports: one that enters `exec_in` is control flow, every other carries data into the setting of the
same name. `variables` are the defaults of the job's variables, either values or declarations
`{"type": …, "default": value}`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from robot.errors import InvalidWorkflow

START = "StartNode"
EXEC_IN = "exec_in"
MAX_NODES = 1_000
MAX_CONNECTIONS = 10_000

Port = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a workflow."""

    node_id: str
    node_type: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Workflow:
    """Nodes by id, where control goes from each exec port, and where each data port gets its value."""

    nodes: Mapping[str, Node]
    start: str | None = None
    successors: Mapping[Port, tuple[str, ...]] = field(default_factory=dict)
    wires: Mapping[str, Mapping[str, Port]] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def after(self, node_id: str, port: str) -> tuple[str, ...]:
        """Returns the nodes control goes to from `port`, in the order the document names them."""
        return self.successors.get((node_id, port), ())

    def reachable(self, first: tuple[str, ...], *, around: str | None = None) -> set[str]:
        """Returns the ids of all nodes control can get to from `first`, these included, without passing `around`."""
        following: dict[str, list[str]] = {}
        for (node_id, _), targets in self.successors.items():
            following.setdefault(node_id, []).extend(targets)
        seen: set[str] = set()
        unseen = list(first)
        while unseen:
            node_id = unseen.pop()
            if node_id not in seen and node_id != around:
                seen.add(node_id)
                unseen.extend(following.get(node_id, ()))
        return seen


def decode_workflow(text: str) -> Any:
    """Returns the document in a job's `workflow_json`. Raises InvalidWorkflow when it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidWorkflow(f"the workflow is not JSON: {error}") from error


def parse_workflow(document: object) -> Workflow:
    """Returns the checked workflow. Raises InvalidWorkflow, saying what is wrong and where."""
    if not isinstance(document, dict):
        raise InvalidWorkflow("a workflow is an object with `nodes` and `connections`")
    nodes = {node.node_id: node for node in _nodes(document.get("nodes"))}
    successors, wires = _connections(document.get("connections"), nodes)
    return Workflow(nodes, _start(nodes), successors, wires, _variables(document.get("variables")))


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, dict):
        entries: list[tuple[str | None, Any]] = list(value.items())
    elif isinstance(value, list):
        entries = [(None, entry) for entry in value]
    else:
        raise InvalidWorkflow("`nodes` is an object or an array")
    if len(entries) > MAX_NODES:
        raise InvalidWorkflow(f"a workflow has at most {MAX_NODES:,} nodes")
    seen: set[str] = set()
    for key, entry in entries:
        node = _node(key, entry)
        if node.node_id in seen:
            raise InvalidWorkflow(f"two nodes are called {node.node_id!r}")
        seen.add(node.node_id)
        yield node


def _node(key: str | None, entry: object) -> Node:
    if not isinstance(entry, dict):
        raise InvalidWorkflow(f"node {key or ''!r} is not an object")
    node_id = entry.get("node_id", key)
    if not isinstance(node_id, str) or not node_id:
        raise InvalidWorkflow("a node has no `node_id`")
    if key is not None and node_id != key:
        raise InvalidWorkflow(f"node {key!r} calls itself {node_id!r}")
    node_type, config = entry.get("node_type"), entry.get("config") or {}
    if not isinstance(node_type, str) or not node_type:
        raise InvalidWorkflow(f"node {node_id!r} has no `node_type`", node_id=node_id)
    if not isinstance(config, dict):
        raise InvalidWorkflow(f"the `config` of node {node_id!r} is not an object", node_id=node_id)
    return Node(node_id, node_type, config)


def _start(nodes: Mapping[str, Node]) -> str | None:
    starts = [node.node_id for node in nodes.values() if node.node_type == START]
    if len(starts) > 1:
        raise InvalidWorkflow(f"a workflow has one {START}, not {len(starts)}: {', '.join(starts)}")
    if nodes and not starts:
        raise InvalidWorkflow(f"the workflow has nodes but no {START}, so nothing says where it begins")
    return starts[0] if starts else None


def _connections(
    value: object, nodes: Mapping[str, Node]
) -> tuple[dict[Port, tuple[str, ...]], dict[str, dict[str, Port]]]:
    if value is None:
        value = []
    if not isinstance(value, list) or len(value) > MAX_CONNECTIONS:
        raise InvalidWorkflow(f"`connections` is an array of at most {MAX_CONNECTIONS:,}")
    successors: dict[Port, tuple[str, ...]] = {}
    wires: dict[str, dict[str, Port]] = {}
    for entry in value:
        source, target = _connection(entry, nodes)
        if target[1] == EXEC_IN:
            successors[source] = (*successors.get(source, ()), target[0])
        elif target[1] in wires.setdefault(target[0], {}):
            raise InvalidWorkflow(f"port {target[1]!r} of node {target[0]!r} has two sources", node_id=target[0])
        else:
            wires[target[0]][target[1]] = source
    return successors, wires


def _connection(entry: object, nodes: Mapping[str, Node]) -> tuple[Port, Port]:
    fields = ("source_node", "source_port", "target_node", "target_port")
    values = [entry.get(name) if isinstance(entry, dict) else None for name in fields]
    source_node, source_port, target_node, target_port = values
    if not all(isinstance(value, str) for value in values):
        raise InvalidWorkflow(f"a connection has the texts {', '.join(fields)}")
    for node_id in (source_node, target_node):
        if node_id not in nodes:
            raise InvalidWorkflow(f"a connection names the node {node_id!r}, which does not exist")
    return (str(source_node), str(source_port)), (str(target_node), str(target_port))


def _variables(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidWorkflow("`variables` is an object")
    return {name: _default(entry) for name, entry in value.items()}


def _default(entry: Any) -> Any:
    if isinstance(entry, dict) and "type" in entry and entry.keys() & {"default", "default_value"}:
        return entry.get("default", entry.get("default_value"))
    return entry
