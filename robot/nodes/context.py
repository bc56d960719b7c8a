"""What the code of a node may see and do."""

import asyncio
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from robot.cancellation import CancelScope
from robot.errors import InvalidConfig
from robot.expressions import INLINE_WORK, MAX_WORK, WorkLimitExceeded, evaluate
from robot.expressions.functions import FUNCTIONS, FunctionTable
from robot.files import WorkingDirectory
from robot.http_session import HttpSession
from robot.limits import Limits
from robot.templates import resolve
from robot.values import kind_of
from robot.workflow import Node


@dataclass(frozen=True, slots=True)
class RunScope:
    """What all nodes of one run share."""

    variables: dict[str, Any]
    files: WorkingDirectory
    limits: Limits
    cancel: CancelScope
    http: HttpSession
    say: Callable[[str], Awaitable[None]]
    functions: FunctionTable = FUNCTIONS
    assigned: set[str] = field(default_factory=set)
    outputs: dict[str, Any] = field(default_factory=dict)

    def assign(self, name: str, value: Any) -> None:
        """Sets a variable."""
        self.variables[name] = value
        self.assigned.add(name)


class Repeat(Protocol):
    """How a node repeats others."""

    async def __call__(self, port: str, rounds: int, prepare: Callable[[int], dict[str, Any]]) -> None:
        """Follows `port` to its end `rounds` times; `prepare(index)` returns the node's outputs for that round."""


@dataclass(frozen=True, slots=True)
class NodeContext:
    """One execution of one node. `inputs` holds the data that arrived by wire."""

    node: Node
    inputs: Mapping[str, Any]
    run: RunScope
    repeat: Repeat

    def has(self, name: str) -> bool:
        """Returns whether the setting was given, by wire or in the config."""
        return name in self.inputs or name in self.node.config

    def value(self, name: str, default: Any = None) -> Any:
        """Returns the setting: from the wire, else from the config with its templates resolved, else `default`."""
        if name in self.inputs:
            return self.inputs[name]
        if name in self.node.config:
            return resolve(self.node.config[name], self.run.variables)
        return default

    def text(self, name: str, default: str | None = None) -> str:
        """Returns a text that is not empty. Raises InvalidConfig."""
        value = self.value(name, default)
        if not isinstance(value, str) or not value:
            raise InvalidConfig(f"`{name}` has to be a text, not {kind_of(value)}")
        return value

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """Returns a number from `least` to `most`. Raises InvalidConfig."""
        value = self.value(name, default)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if isinstance(value, bool) or not least <= number <= most:
            raise InvalidConfig(f"`{name}` has to be a number from {least:g} to {most:g}")
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        """Returns true or false. Raises InvalidConfig."""
        value = self.value(name, default)
        if not isinstance(value, bool):
            raise InvalidConfig(f"`{name}` has to be true or false, not {kind_of(value)}")
        return value

    async def evaluate(self, source: str) -> Any:
        """Returns the value of an expression over the variables and this node's inputs.

        What is quick is computed at once; the rest in a thread, so that heartbeats and leases go on.
        """
        names = ChainMap(dict(self.inputs), self.run.variables)
        functions = self.run.functions
        try:
            return evaluate(source, names, functions=functions, work=INLINE_WORK)
        except WorkLimitExceeded:
            return await asyncio.to_thread(evaluate, source, names, functions=functions, work=MAX_WORK)
