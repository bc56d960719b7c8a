"""One node run by a real executor, between a start and an end."""

import asyncio
from pathlib import Path
from typing import Any

from robot.cancellation import CancelScope
from robot.errors import WorkflowError
from robot.executor import Executor
from robot.files import WorkingDirectory
from robot.limits import Limits
from robot.nodes import NODE_TYPES, NodeContext, NodeTable, Outcome
from tests.unit.robot.documents import chain, node

Outputs = dict[str, Any]


class Steps:
    """Runs nodes in a folder; `said` is what they told as the job's progress."""

    def __init__(
        self,
        folder: Path,
        limits: Limits | None = None,
        types: NodeTable = NODE_TYPES,
        allowed: frozenset[str] = frozenset(),
    ) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.types = types
        self.allowed = allowed
        self.said: list[str] = []
        self.percents: list[int] = []

    def within(self, **limits: Any) -> "Steps":
        """The same folder, other limits."""
        return Steps(self.folder, Limits(**limits), self.types, self.allowed)

    async def run(self, node_type: str, cancel: Any = None, **config: Any) -> Outputs:
        """The node's outputs."""
        return (await self.run_all(node(node_type, **config), cancel=cancel))[-1]

    async def run_all(
        self,
        *nodes: dict[str, Any],
        cancel: CancelScope | None = None,
        seen: list[Outputs] | None = None,
        **variables: Any,
    ) -> list[Outputs]:
        """The outputs of each node of one job, one after another; also in `seen`, as far as a job came that fails."""
        seen = [] if seen is None else seen
        types = _watched(self.types, nodes, seen).allowing(self.allowed)
        executor = Executor(WorkingDirectory(self.folder), node_types=types, limits=self.limits)
        async with asyncio.timeout(60):
            await executor.run(chain(*nodes), variables=variables, cancel=cancel, progress=self._told)
        return seen

    async def failure(self, node_type: str, **config: Any) -> WorkflowError:
        """What the node fails with."""
        try:
            outputs = await self.run(node_type, **config)
        except WorkflowError as error:
            return error
        raise AssertionError(f"{node_type} did not fail: {outputs}")

    async def refused(self, node_type: str, **config: Any) -> str:
        """The type of the error it fails with, which is not worth a retry."""
        error = await self.failure(node_type, **config)
        assert not error.retryable
        return error.error_type

    async def _told(self, percent: int, _node_id: str | None, message: str | None) -> None:
        self.percents.append(percent)
        if message is not None:
            self.said.append(message)


def _watched(types: NodeTable, nodes: tuple[dict[str, Any], ...], seen: list[Outputs]) -> NodeTable:
    """The table, with the code of these nodes' types telling what it offers."""
    watched = NodeTable()
    by_name = {each.name: each for each in types}
    for name in {each["node_type"] for each in nodes if each["node_type"] in by_name}:
        original = by_name[name]

        async def code(context: NodeContext, original: Any = original) -> Outcome:
            outcome: Outcome = await original.code(context)
            seen.append(outcome.outputs)
            return outcome

        watched.register(name, exec_outputs=original.exec_outputs, needs=original.needs)(code)
    return NodeTable.of(types, watched)
