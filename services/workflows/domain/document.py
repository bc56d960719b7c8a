"""The definition that users send, checked.

Only what can never be meant is refused, by the name of the node (clarifications 10 and the robot's reading of nodes):
editors put more into a workflow than this service knows of, and node types are the robots' affair.
"""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final

import msgspec

from services.workflows.domain.compact_json import (
    JsonText,
    NestedTooDeep,
    NotJson,
    compacted,
    elements_of,
    is_array,
    is_object,
    members_of,
    read,
)
from services.workflows.domain.limits import MAX_LEVELS, InvalidWorkflow, check_node_count, check_size, too_deep
from shared.kernel.errors import FieldError

FIELD: Final = "workflow_json"
MAX_PROBLEMS: Final = 20
"""How many offences are named at once."""
LONGEST_NAME: Final = 100
"""Of a node in a message."""
ENDS: Final = ("source_node", "target_node")


class WorkflowDocument(msgspec.Struct, frozen=True):
    """A definition that may be stored: its compact JSON text."""

    text: bytes
    n_nodes: int


class _Node(msgspec.Struct):
    """What is checked of a node; any of it may be missing."""

    node_id: Any = None
    id: Any = None
    node_type: Any = None

    @property
    def own_name(self) -> str | None:
        return next((name for name in (self.node_id, self.id) if isinstance(name, str)), None)


class _Connection(msgspec.Struct):
    """What is checked of a connection; other forms of it are left alone."""

    source_node: Any = None
    target_node: Any = None


def read_document(text: JsonText) -> WorkflowDocument:
    """The checked definition. Raises InvalidWorkflow, which names the offending nodes, and WorkflowTooLarge."""
    try:
        members = members_of(text)
        names = _NodeNames()
        offences = chain(_of_nodes(members, names), _of_connections(members.get("connections"), names))
        if problems := list(islice(offences, MAX_PROBLEMS)):
            raise _invalid(problems)
        compact = compacted(text, MAX_LEVELS)
    except NotJson as error:
        raise InvalidWorkflow.field(FIELD, f"is not a valid JSON object: {error}") from error
    except NestedTooDeep as error:
        raise too_deep(FIELD) from error
    check_size(len(compact))
    return WorkflowDocument(compact, names.n_nodes)


class _NodeNames:
    """The names connections may use."""

    def __init__(self) -> None:
        self.n_nodes = 0
        self.known: set[str] = set()
        self.complete = True
        """Whether every node has a name; else a connection may mean one by other means."""


def _of_nodes(members: dict[str, msgspec.Raw], names: _NodeNames) -> Iterator[FieldError]:
    nodes = members.get("nodes")
    if nodes is None or not (is_object(nodes) or is_array(nodes)):
        problem = "is missing" if nodes is None else "must be an object or an array"
        yield FieldError(f"{FIELD}.nodes", problem)
        return
    entries: list[tuple[str | None, msgspec.Raw]] = (
        list(members_of(nodes).items()) if is_object(nodes) else [(None, node) for node in elements_of(nodes)]
    )
    check_node_count(len(entries))
    names.n_nodes = len(entries)
    for position, (key, node) in enumerate(entries):
        yield from _of_node(key, position, node, names)


def _of_node(key: str | None, position: int, text: msgspec.Raw, names: _NodeNames) -> Iterator[FieldError]:
    field = f"{FIELD}.nodes.{_short(key) if key is not None else position}"
    if not is_object(text):
        yield FieldError(field, f"node {_quoted(key, position)} is not an object")
        return
    node: _Node = read(text, _Node)
    own_name = node.own_name
    if node.node_type is not None and not isinstance(node.node_type, str):
        yield FieldError(f"{field}.node_type", f"the node_type of node {_quoted(own_name or key, position)} is no text")
    if key is None and own_name is not None and own_name in names.known:
        yield FieldError(field, f"another node is called {_quoted(own_name, position)} as well")
    names.complete &= key is not None or own_name is not None
    names.known.update(name for name in (key, own_name) if name is not None)


def _of_connections(connections: msgspec.Raw | None, names: _NodeNames) -> Iterator[FieldError]:
    field = f"{FIELD}.connections"
    if connections is None or bytes(memoryview(connections)[:4]) == b"null":
        return
    if not is_array(connections):
        yield FieldError(field, "must be an array")
        return
    for position, text in enumerate(elements_of(connections) if names.complete else ()):
        if is_object(text):
            yield from _of_connection(f"{field}.{position}", read(text, _Connection), names)


def _of_connection(field: str, connection: _Connection, names: _NodeNames) -> Iterator[FieldError]:
    for end in ENDS:
        name = getattr(connection, end)
        if isinstance(name, str) and name not in names.known:
            yield FieldError(f"{field}.{end}", f"names the node {_quoted(name, 0)}, which does not exist")


def _invalid(problems: list[FieldError]) -> InvalidWorkflow:
    detail = "; ".join(f"{problem.field}: {problem.message}" for problem in problems[:5])
    return InvalidWorkflow(detail, problems)


def _quoted(name: str | None, position: int) -> str:
    return str(position) if name is None else f"'{_short(name)}'"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
