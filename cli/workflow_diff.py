"""What differs between two definitions of a workflow: rules only, nothing is read or printed."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_PARTS: Final = ("nodes", "connections", "variables")
_MISSING: Final = object()
_NODE_IDS: Final = ("node_id", "id", "name")

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs; `before` or `after` is None with its flag unset where there was, or is, none."""

    path: str
    before: Any = None
    after: Any = None
    was_there: bool = True
    is_there: bool = True

    def as_answer(self) -> dict[str, Any]:
        """As programs read it: what was not there has no key."""
        before = {"before": self.before} if self.was_there else {}
        after = {"after": self.after} if self.is_there else {}
        return {"path": self.path, **before, **after}


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node that both have, and what differs in it."""

    node_id: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class WorkflowDiff:
    """From one definition to another. Added and removed nodes with their types, connections as text."""

    nodes_added: Mapping[str, str]
    nodes_removed: Mapping[str, str]
    nodes_changed: tuple[NodeChange, ...]
    connections_added: tuple[str, ...]
    connections_removed: tuple[str, ...]
    variables: tuple[Change, ...]
    other: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both mean the same; the order of an object's keys means nothing."""
        return not any(
            (
                self.nodes_added,
                self.nodes_removed,
                self.nodes_changed,
                self.connections_added,
                self.connections_removed,
                self.variables,
                self.other,
            )
        )

    def as_answer(self) -> dict[str, Any]:
        """As programs read it."""
        changed = [
            {"node_id": node.node_id, "changes": [change.as_answer() for change in node.changes]}
            for node in self.nodes_changed
        ]
        return {
            "equal": self.is_empty,
            "nodes": {"added": dict(self.nodes_added), "removed": dict(self.nodes_removed), "changed": changed},
            "connections": {"added": list(self.connections_added), "removed": list(self.connections_removed)},
            "variables": [change.as_answer() for change in self.variables],
            "other": [change.as_answer() for change in self.other],
        }


def diff(before: Definition, after: Definition) -> WorkflowDiff:
    """What was added, removed and changed from `before` to `after`."""
    old, new = _nodes(before.get("nodes")), _nodes(after.get("nodes"))
    changed = (NodeChange(name, tuple(_changes(old[name], new[name]))) for name in old if name in new)
    old_lines, new_lines = _connections(before.get("connections")), _connections(after.get("connections"))
    return WorkflowDiff(
        nodes_added={name: _kind(node) for name, node in new.items() if name not in old},
        nodes_removed={name: _kind(node) for name, node in old.items() if name not in new},
        nodes_changed=tuple(node for node in changed if node.changes),
        connections_added=_without(new_lines, old_lines),
        connections_removed=_without(old_lines, new_lines),
        variables=tuple(_changes(before.get("variables") or {}, after.get("variables") or {})),
        other=tuple(_changes(_rest(before), _rest(after))),
    )


def raw_diff(before: Definition, after: Definition, before_name: str, after_name: str) -> list[str]:
    """The lines of a unified diff of both as JSON with sorted keys; none when they are equal."""
    return list(difflib.unified_diff(_lines(before), _lines(after), before_name, after_name, lineterm=""))


def _lines(definition: Definition) -> list[str]:
    return json.dumps(definition, indent=2, ensure_ascii=False, sort_keys=True).splitlines()


def _rest(definition: Definition) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in _PARTS}


def _nodes(nodes: Any) -> dict[str, Any]:
    """Nodes by their ids; one of a list without an id by its place."""
    if isinstance(nodes, dict):
        return {str(name): node for name, node in nodes.items()}
    if isinstance(nodes, list):
        return {_node_id(node, number): node for number, node in enumerate(nodes)}
    return {}


def _node_id(node: Any, number: int) -> str:
    names = [node.get(name) for name in _NODE_IDS] if isinstance(node, dict) else []
    return next((name for name in names if isinstance(name, str) and name), f"[{number}]")


def _kind(node: Any) -> str:
    kind = (node.get("node_type") or node.get("type")) if isinstance(node, dict) else None
    return str(kind or "")


def _connections(connections: Any) -> list[str]:
    return [_connection(one) for one in connections] if isinstance(connections, list) else []


def _connection(one: Any) -> str:
    """`source.port → target.port`, however its ends are called; anything else as JSON."""
    if isinstance(one, dict):
        ends = [_end(one, side) for side in ("source", "target")]
        if all(ends):
            return " → ".join(str(end) for end in ends)
    return json.dumps(one, ensure_ascii=False, sort_keys=True)


def _end(connection: Mapping[str, Any], side: str) -> str | None:
    node = next((connection[name] for name in (f"{side}_node", f"{side}_id", side) if connection.get(name)), None)
    port = next((connection[name] for name in (f"{side}_port", f"{side}_handle") if connection.get(name)), None)
    if not isinstance(node, str):
        return None
    return f"{node}.{port}" if port else node


def _without(lines: list[str], others: list[str]) -> tuple[str, ...]:
    left = list(others)
    found = []
    for line in lines:
        if line in left:
            left.remove(line)
        else:
            found.append(line)
    return tuple(found)


def _changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Each value that differs, by the names that lead to it; lists of unequal length differ as a whole."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            yield from _field(before.get(name, _MISSING), after.get(name, _MISSING), _join(path, str(name)))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(old, new, f"{path}[{number}]")
    elif before != after or type(before) is not type(after):
        yield Change(path, before, after)


def _field(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before is _MISSING:
        yield Change(path, after=after, was_there=False)
    elif after is _MISSING:
        yield Change(path, before=before, is_there=False)
    else:
        yield from _changes(before, after, path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
