"""One run of one workflow: follows control from node to node and carries data along the wires."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from robot.cancellation import JobStopped
from robot.errors import DataNotReady, InvalidWorkflow, NodeCrashed, StepLimitReached, WorkflowError
from robot.nodes import BranchEnded, NodeContext, NodeTable, Outcome
from robot.nodes.context import RunScope
from robot.progress import Progress
from robot.results import NodeRecord
from robot.workflow import Node, Port, Workflow


class Execution:
    """Runs a checked workflow once.

    Where several connections leave one exec port, their branches run one after another in the document's order. What
    a node offered is forgotten at the next round of a loop around it, so that no branch sees data of another round.
    """

    def __init__(
        self,
        workflow: Workflow,
        types: NodeTable,
        scope: RunScope,
        *,
        progress: Progress,
        monotonic: Callable[[], float],
    ) -> None:
        self._workflow = workflow
        self._types = types
        self._scope = scope
        self._progress = progress
        self._monotonic = monotonic
        self._outputs: dict[str, dict[str, Any]] = {}
        self._records: dict[str, NodeRecord] = {}
        self._loops: list[str] = []
        self._ran: list[set[str]] = []
        self._steps = 0

    @property
    def records(self) -> list[NodeRecord]:
        """Returns what each node did, in the order of their first runs."""
        return list(self._records.values())

    async def run(self, start: str) -> None:
        """Follows control from `start` to its end. Raises WorkflowError or JobStopped."""
        await self._follow((start,))

    async def _follow(self, first: tuple[str, ...], *, loop: str | None = None) -> None:
        pending = list(reversed(first))
        while pending:
            node_id = pending.pop()
            if node_id == loop:
                continue
            try:
                port = await self._run_node(self._workflow.nodes[node_id])
            except BranchEnded:
                if self._loops:
                    raise
                continue
            pending.extend(reversed(self._workflow.after(node_id, port)))

    async def _run_node(self, node: Node) -> str:
        if node.node_id in self._loops:
            message = f"control comes back to the loop {node.node_id!r} from inside a loop of its own body"
            raise InvalidWorkflow(message, node_id=node.node_id)
        await self._step(node.node_id)
        await self._progress.node_started(node.node_id)
        outcome = await self._recorded(node)
        self._outputs[node.node_id] = outcome.outputs
        if self._ran:
            self._ran[-1].add(node.node_id)
        self._progress.node_done(node.node_id)
        return outcome.port

    async def _step(self, node_id: str) -> None:
        self._scope.cancel.check()
        self._steps += 1
        if self._steps > self._scope.limits.max_steps:
            limit = f"{self._scope.limits.max_steps:,} steps (CASARE_ROBOT_MAX_STEPS)"
            raise StepLimitReached(f"stopped after {limit}: does the workflow go in circles?", node_id=node_id)
        # Nodes that never wait would otherwise keep heartbeats and leases from being sent.
        await asyncio.sleep(0)

    async def _recorded(self, node: Node) -> Outcome:
        record = self._records.setdefault(node.node_id, NodeRecord(node.node_id, node.node_type))
        started, status = self._monotonic(), "failed"
        try:
            outcome = await self._executed(node)
            status = "completed"
        except BranchEnded:
            status = "completed"
            raise
        except (JobStopped, asyncio.CancelledError):
            status = "cancelled"
            raise
        finally:
            record.ended(status, 1_000 * (self._monotonic() - started))
        return outcome

    async def _executed(self, node: Node) -> Outcome:
        try:
            context = NodeContext(node, self._inputs(node), self._scope, partial(self._repeat, node.node_id))
            return await self._types.type_of(node).code(context)
        except (BranchEnded, JobStopped):
            raise
        except WorkflowError as error:
            raise error.at(node.node_id) from error.__cause__
        except Exception as error:
            message = f"the node type {node.node_type} failed with {type(error).__name__}"
            raise NodeCrashed(message, node_id=node.node_id) from error

    def _inputs(self, node: Node) -> dict[str, Any]:
        wires = self._workflow.wires.get(node.node_id, {})
        return {name: self._pull(node.node_id, name, source) for name, source in wires.items()}

    def _pull(self, node_id: str, name: str, source: Port) -> Any:
        source_node, source_port = source
        wanted = f"node {node_id!r} takes {name!r} from port {source_port!r} of node {source_node!r}"
        if source_node not in self._outputs:
            raise DataNotReady(f"{wanted}, which has not run")
        outputs = self._outputs[source_node]
        if source_port not in outputs:
            raise DataNotReady(f"{wanted}, which offers {', '.join(outputs) or 'no data'}")
        return outputs[source_port]

    async def _repeat(self, node_id: str, port: str, rounds: int, prepare: Callable[[int], dict[str, Any]]) -> None:
        if len(self._loops) >= self._scope.limits.max_loop_depth:
            raise InvalidWorkflow(f"loops are nested deeper than {self._scope.limits.max_loop_depth}")
        body = self._workflow.after(node_id, port)
        self._loops.append(node_id)
        self._ran.append(set())
        self._progress.enter_loop(node_id, self._workflow.reachable(body, around=node_id))
        try:
            for index in range(rounds):
                await self._step(node_id)
                self._forget_round()
                self._outputs[node_id] = prepare(index)
                await self._follow(body, loop=node_id)
                self._progress.round_done(node_id, index + 1, rounds)
        finally:
            self._progress.leave_loop(node_id)
            self._loops.pop()
            ran = self._ran.pop()
        if self._ran:
            self._ran[-1] |= ran

    def _forget_round(self) -> None:
        for node_id in self._ran[-1]:
            self._outputs.pop(node_id, None)
        self._ran[-1].clear()
