"""The table of node types."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from robot.errors import NodeTypeDisabled, UnknownNodeType
from robot.nodes.context import NodeContext
from robot.workflow import Node

EXEC_OUT = "exec_out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a node produced and the exec port by which control leaves it."""

    outputs: dict[str, Any] = field(default_factory=dict)
    port: str = EXEC_OUT


class ControlMoved(Exception):
    """Control goes somewhere else than along an exec port; not a failure."""


class BranchEnded(ControlMoved):
    """Control reached an EndNode: this branch is over, with the loops around it."""


class LoopEnded(ControlMoved):
    """Control leaves the innermost loop."""


class RoundEnded(ControlMoved):
    """Control goes on with the next round of the innermost loop."""


NodeCode = Callable[[NodeContext], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class NodeType:
    """A kind of node: its name, its code and the exec ports control can leave by.

    `needs` names the robot's setting without which it is not available; `origin` says who brings it.
    """

    name: str
    code: NodeCode
    exec_outputs: tuple[str, ...] = (EXEC_OUT,)
    needs: str | None = None
    origin: str = "the robot itself"
    main_name: str = ""
    """The first of its names, where it has several."""


class NodeTable:
    """Node types by name."""

    def __init__(self, types: Iterable[NodeType] = (), *, allowed: Iterable[str] = ()) -> None:
        self._types = {node_type.name: node_type for node_type in types}
        self._allowed = frozenset(allowed)

    @classmethod
    def of(cls, *tables: "NodeTable") -> "NodeTable":
        """Returns one table with the types of all; a later one replaces an earlier one of the same name."""
        return cls(node_type for table in tables for node_type in table)

    def __iter__(self) -> Iterator[NodeType]:
        return iter(self._types.values())

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def get(self, name: str) -> NodeType | None:
        """Returns the type of that name."""
        return self._types.get(name)

    def add(self, node_type: NodeType) -> None:
        """Puts the type into the table, in place of one of the same name."""
        self._types[node_type.name] = node_type

    def allowing(self, settings: Iterable[str]) -> "NodeTable":
        """Returns the same types, with those available that need one of these settings of the robot."""
        return NodeTable(self, allowed=settings)

    def register(
        self, name: str, *other_names: str, exec_outputs: tuple[str, ...] = (EXEC_OUT,), needs: str | None = None
    ) -> Callable[[NodeCode], NodeCode]:
        """Returns a decorator that puts a node's code into the table under its names."""

        def put(code: NodeCode) -> NodeCode:
            for each in (name, *other_names):
                self._types[each] = NodeType(each, code, exec_outputs, needs, main_name=name)
            return code

        return put

    def type_of(self, node: Node) -> NodeType:
        """Returns the node's type. Raises UnknownNodeType, naming both, or NodeTypeDisabled."""
        if node.node_type not in self._types:
            raise UnknownNodeType(
                f"node {node.node_id!r} has the type {node.node_type!r}, which this robot does not know",
                node_id=node.node_id,
            )
        found = self._types[node.node_type]
        if found.needs is not None and found.needs not in self._allowed:
            raise NodeTypeDisabled(
                f"node {node.node_id!r} has the type {node.node_type!r}, which this robot runs only with "
                f"{found.needs}=true in its own configuration",
                node_id=node.node_id,
            )
        return found
