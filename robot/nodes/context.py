"""What the code of a node may see and do."""

import asyncio
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from robot.cancellation import CancelScope
from robot.errors import InvalidConfig, SecretRefused, WorkflowError
from robot.expressions import INLINE_WORK, MAX_WORK, WorkLimitExceeded, evaluate
from robot.expressions.functions import FUNCTIONS, FunctionTable
from robot.files import WorkingDirectory
from robot.http_session import HttpSession
from robot.limits import Limits
from robot.secrets import JobSecrets, names_a_secret
from robot.templates import resolve
from robot.values import kind_of
from robot.workflow import Node

LogSink = Callable[[str, str, str | None], None]
"""Takes (level, message, node id); returns at once, from whatever thread it is called."""


def _tell_nobody(_level: str, _message: str, _node_id: str | None) -> None:
    return


class Workflows(Protocol):
    """Where the definitions of sub-workflows come from."""

    async def fetch(self, workflow_id: str, version: int | None) -> object:
        """Returns the document. Raises WorkflowError."""


class Say(Protocol):
    """How a node shows a message at the job's progress."""

    async def __call__(self, message: str, *, node_id: str | None = None, share: float | None = None) -> None:
        """Shows the message; `share`, 0 to 1, is how much of the node `node_id` is done."""


@dataclass(frozen=True, slots=True)
class RunScope:
    """What all nodes of one run share."""

    variables: dict[str, Any]
    files: WorkingDirectory
    limits: Limits
    cancel: CancelScope
    http: HttpSession
    say: Say
    functions: FunctionTable = FUNCTIONS
    assigned: set[str] = field(default_factory=set)
    outputs: dict[str, Any] = field(default_factory=dict)
    secrets: JobSecrets = field(default_factory=JobSecrets)
    log: LogSink = _tell_nobody
    workflows: Workflows | None = None

    def assign(self, name: str, value: Any) -> None:
        """Sets a variable."""
        self.variables[name] = value
        self.assigned.add(name)


class Repeat(Protocol):
    """How a node repeats others."""

    async def __call__(self, port: str, rounds: int, prepare: Callable[[int], dict[str, Any]]) -> None:
        """Follows `port` to its end `rounds` times; `prepare(index)` returns the node's outputs for that round."""


@dataclass(frozen=True, slots=True)
class BranchEnd:
    """How one branch of a node went: `error` is None where it came to its end."""

    first_node: str
    error: WorkflowError | None


class Flow(Protocol):
    """What a node may do with the nodes that follow it. A chain ends where control comes back to the node."""

    @property
    def in_loop(self) -> bool:
        """Returns whether there is a loop around the node that it can end."""

    def leads_on(self, port: str) -> bool:
        """Returns whether a connection leaves the node by this port."""

    def offer(self, outputs: dict[str, Any]) -> None:
        """Offers data to the nodes of a body before the node itself is done."""

    async def follow(self, port: str) -> None:
        """Follows the chains that begin at `port`, one after another, to their end."""

    async def repeat_while(self, port: str, prepare: Callable[[int], Awaitable[dict[str, Any] | None]]) -> int:
        """Follows `port` until `prepare(index)` returns None instead of outputs; returns the number of rounds."""

    async def branches(self, port: str, *, at_once: int, cancel_rest: bool) -> list[BranchEnd]:
        """Follows each chain that begins at `port` beside the others; returns their ends, in order."""

    async def call(self, document: object, variables: Mapping[str, Any], *, identity: str | None) -> dict[str, Any]:
        """Runs a workflow as part of this one and returns its outputs. `identity` must not be running already."""


@dataclass(frozen=True, slots=True)
class NodeContext:
    """One execution of one node. `inputs` holds the data that arrived by wire."""

    node: Node
    inputs: Mapping[str, Any]
    run: RunScope
    repeat: Repeat
    flow: Flow
    place: str = ""
    """What is put before the node's id in what is told of a sub-workflow."""

    def log(self, message: str, level: str = "info") -> None:
        """Writes a line to the job's log. May be called from any thread."""
        self.run.log(level, self.run.secrets.text(message), self.place + self.node.node_id)

    async def say(self, message: str, share: float | None = None) -> None:
        """Shows a message at the job's progress; `share`, 0 to 1, is how much of this node is done.

        The share moves the job's percentage, forward only. In a loop or a sub-workflow it does not: the loop's rounds
        count there, and the sub-workflow as one node.
        """
        node_id = None if self.place else self.node.node_id
        await self.run.say(message, node_id=node_id, share=share)

    def refuse_secrets(self, *names: str) -> None:
        """Raises SecretRefused when one of the settings refers to a secret."""
        for name in names:
            if name not in self.inputs and names_a_secret(self.node.config.get(name)):
                raise SecretRefused(f"`{name}` would tell a secret to others; use {{{{secrets.…}}}} where it is needed")

    def has(self, name: str) -> bool:
        """Returns whether the setting was given, by wire or in the config."""
        return name in self.inputs or name in self.node.config

    def value(self, name: str, default: Any = None) -> Any:
        """Returns the setting: from the wire, else from the config with its templates resolved, else `default`."""
        if name in self.inputs:
            return self.inputs[name]
        if name in self.node.config:
            return resolve(self.node.config[name], self.run.variables, self.run.secrets)
        return default

    def text(self, name: str, default: str | None = None) -> str:
        """Returns a text that is not empty. Raises InvalidConfig."""
        value = self.value(name, default)
        if value == "":
            raise InvalidConfig(f"`{name}` is empty")
        if not isinstance(value, str):
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
