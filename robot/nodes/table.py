"""The table of node types."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from robot.errors import UnknownNodeType
from robot.nodes.context import NodeContext
from robot.workflow import Node

EXEC_OUT = "exec_out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a node produced and the exec port by which control leaves it."""

    outputs: dict[str, Any] = field(default_factory=dict)
    port: str = EXEC_OUT


class BranchEnded(Exception):
    """Control reached an EndNode: this branch is over, with the loops around it."""


NodeCode = Callable[[NodeContext], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class NodeType:
    """A kind of node: its name, its code and the exec ports control can leave by."""

    name: str
    code: NodeCode
    exec_outputs: tuple[str, ...] = (EXEC_OUT,)


class NodeTable:
    """Node types by name."""

    def __init__(self, types: Iterable[NodeType] = ()) -> None:
        self._types = {node_type.name: node_type for node_type in types}

    @classmethod
    def of(cls, *tables: "NodeTable") -> "NodeTable":
        """Returns one table with the types of all; a later one replaces an earlier one of the same name."""
        return cls(node_type for table in tables for node_type in table)

    def __iter__(self) -> Iterator[NodeType]:
        return iter(self._types.values())

    def register(
        self, name: str, *other_names: str, exec_outputs: tuple[str, ...] = (EXEC_OUT,)
    ) -> Callable[[NodeCode], NodeCode]:
        """Returns a decorator that puts a node's code into the table under its names."""

        def put(code: NodeCode) -> NodeCode:
            for each in (name, *other_names):
                self._types[each] = NodeType(each, code, exec_outputs)
            return code

        return put

    def type_of(self, node: Node) -> NodeType:
        """Returns the node's type. Raises UnknownNodeType, naming both."""
        if node.node_type not in self._types:
            raise UnknownNodeType(
                f"node {node.node_id!r} has the type {node.node_type!r}, which this robot does not know",
                node_id=node.node_id,
            )
        return self._types[node.node_type]
