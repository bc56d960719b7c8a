"""Node types that other packages bring, by entry points of the group `casare.nodes`.

An entry point names a decorated function, a NodeTable or a module with such in it. One that cannot be loaded, or whose
node types have names that are taken, is reported and left out; the robot works with the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Final

import structlog

from robot.node_functions import node_types_of
from robot.nodes.table import NodeTable, NodeType

_LOG = structlog.get_logger()

GROUP: Final = "casare.nodes"


class NodeNameTaken(Exception):
    """Two node types of one name."""

    def __init__(self, name: str, present: str, newcomer: str) -> None:
        super().__init__(f"the node type {name!r} of {newcomer} is refused: {present} has one of that name")


def with_types(table: NodeTable, types: Iterable[NodeType]) -> NodeTable:
    """Returns a table with these types too. Raises NodeNameTaken; the same type twice is no clash."""
    combined = NodeTable.of(table)
    for each in types:
        present = combined.get(each.name)
        if present is not None and present.code is not each.code:
            raise NodeNameTaken(each.name, present.origin, each.origin)
        combined.add(each)
    return combined


def with_plugins(table: NodeTable, found: Iterable[EntryPoint] | None = None) -> tuple[NodeTable, list[str]]:
    """Returns a table with the plug-ins' types too, and what is to be told of those that were left out."""
    problems: list[str] = []
    for entry_point in entry_points(group=GROUP) if found is None else found:
        try:
            types = list(_types(entry_point))
            table = with_types(table, types)
        except Exception as error:  # noqa: BLE001 (a plug-in may fail in any way; the robot must not)
            problems.append(f"plug-in {_who(entry_point)} is left out: {type(error).__name__}: {error}")
            _LOG.error("plugin_left_out", plugin=_who(entry_point), error=str(error))
        else:
            _LOG.info("plugin_loaded", plugin=_who(entry_point), node_types=[each.name for each in types])
    return table, problems


def _types(entry_point: EntryPoint) -> Iterator[NodeType]:
    loaded = entry_point.load()
    things = list(vars(loaded).values()) if isinstance(loaded, ModuleType) else [loaded]
    seen: dict[str, NodeType] = {}
    for thing in things:
        seen.update({each.name: each for each in node_types_of(thing)})
    if not seen:
        raise TypeError("there is no node type in it: neither a function with @node nor a NodeTable")
    for each in seen.values():
        yield replace(each, origin=_who(entry_point))


def _who(entry_point: EntryPoint) -> str:
    package = entry_point.dist
    which = "" if package is None else f" of {package.name} {package.version}"
    return f"{entry_point.name} ({entry_point.value}){which}"
