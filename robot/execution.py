"""One run of one workflow: follows control from node to node and carries data along the wires."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from robot.cancellation import JobStopped
from robot.crashes import crash_of
from robot.errors import DataNotReady, InvalidWorkflow, NodeCrashed, StepLimitReached, WorkflowError
from robot.flow_control import FlowControl
from robot.mending import Attempt, Mending
from robot.nodes.context import NodeContext, RunScope
from robot.nodes.table import BranchEnded, ControlMoved, NodeTable, Outcome
from robot.progress import Progress
from robot.results import NodeRecord, NodeRecords
from robot.strand import Strand
from robot.workflow import Node, Port, Workflow

MAX_TOLD_RUNS = 3
"""How often the job's log tells at `info` that a node is done; further runs of it, in a loop, are told at `debug`."""


class Steps:
    """Counts the nodes that a job executes, whatever workflow they are in. Raises StepLimitReached."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0

    def take(self, node_id: str) -> None:
        """Counts one."""
        self._taken += 1
        if self._taken > self._limit:
            limit = f"{self._limit:,} steps (CASARE_ROBOT_MAX_STEPS)"
            raise StepLimitReached(f"stopped after {limit}: does the workflow go in circles?", node_id=node_id)


@dataclass(frozen=True, slots=True)
class Job:
    """What the workflows of one job share: the node types, the counted steps, the records, a clock in ms."""

    types: NodeTable
    steps: Steps
    records: NodeRecords
    now_ms: Callable[[], float]


class Execution:
    """Runs a checked workflow once.

    Where several connections leave one exec port, their branches run one after another in the document's order. What
    a node offered is forgotten at the next round of a loop around it, so that no branch sees data of another round.
    `place` is put before node ids in what is told of a sub-workflow; `lineage` names the workflows around this one.
    """

    def __init__(
        self,
        workflow: Workflow,
        job: Job,
        scope: RunScope,
        *,
        progress: Progress,
        place: str = "",
        lineage: tuple[str, ...] = (),
    ) -> None:
        self.workflow = workflow
        self.job = job
        self.progress = progress
        self.place = place
        self.lineage = lineage
        self._scope = scope
        self._outputs: dict[str, dict[str, Any]] = {}

    async def run(self, start: str) -> None:
        """Follows control from `start` to its end. Raises WorkflowError or JobStopped."""
        await self.follow((start,), Strand(self._scope))

    async def follow(self, first: tuple[str, ...], strand: Strand, *, back_to: str | None = None) -> None:
        """Follows control from each of the nodes to its end, or back to the node whose body this is."""
        pending = list(reversed(first))
        while pending:
            node_id = pending.pop()
            if node_id == back_to:
                continue
            try:
                port = await self._run_node(self.workflow.nodes[node_id], strand)
            except BranchEnded:
                if strand.bodies:
                    raise
                continue
            pending.extend(reversed(self.workflow.after(node_id, port)))

    def offer(self, node_id: str, outputs: dict[str, Any]) -> None:
        """Offers what a node produced to the nodes after it."""
        self._outputs[node_id] = self._scope.secrets.mask(outputs)

    def forget(self, node_ids: set[str]) -> None:
        """Takes back what the nodes offered."""
        for node_id in node_ids:
            self._outputs.pop(node_id, None)

    async def step(self, node_id: str, strand: Strand) -> None:
        """Counts a step and lets others run. Raises JobStopped or StepLimitReached."""
        strand.scope.cancel.check()
        self.job.steps.take(self.place + node_id)
        # Nodes that never wait would otherwise keep heartbeats and leases from being sent.
        await asyncio.sleep(0)

    async def _run_node(self, node: Node, strand: Strand) -> str:
        if strand.is_inside(node.node_id):
            message = f"control comes back to the node {node.node_id!r} from inside a loop or branch of its own body"
            raise InvalidWorkflow(message, node_id=self.place + node.node_id)
        await self.step(node.node_id, strand)
        await self.progress.node_started(node.node_id)
        outcome = await self._recorded(node, strand)
        strand.ran(node.node_id)
        self.progress.node_done(node.node_id)
        return outcome.port

    async def _recorded(self, node: Node, strand: Strand) -> Outcome:
        record = self.job.records.of(self.place + node.node_id, node.node_type)
        started_ms, status = self.job.now_ms(), "failed"
        self._tell(strand, node, "debug", f"{node.node_type} started")
        try:
            outcome = await self._mended(node, strand, record)
            status = "completed"
        except ControlMoved:
            status = "completed"
            raise
        except (JobStopped, asyncio.CancelledError):
            status = "cancelled"
            raise
        finally:
            took_ms = self.job.now_ms() - started_ms
            record.ended(status, took_ms)
            if status == "completed":
                level = "info" if record.runs <= MAX_TOLD_RUNS else "debug"
                self._tell(strand, node, level, f"{node.node_type} done in {took_ms:.0f} ms")
        return outcome

    async def _mended(self, node: Node, strand: Strand, record: NodeRecord) -> Outcome:
        plan = self._plan(node)
        if plan is None:
            return await self._attempted(node, strand, record, Attempt())
        failure: WorkflowError | None = None
        for number, attempt in enumerate(plan.attempts()):
            if failure is not None:
                await strand.scope.cancel.race(asyncio.sleep(attempt.pause_seconds))
                record.mending_attempts += 1
                self._tell(strand, node, "warning", f"{node.node_type} is tried {attempt}")
            try:
                outcome = await self._attempted(node, strand, record, attempt)
            except WorkflowError as error:
                failure = error
                if not plan.may_mend(error):
                    break
            else:
                record.mending_successes += bool(number)
                return outcome
        assert failure is not None
        raise failure

    def _plan(self, node: Node) -> Mending | None:
        try:
            return Mending.of(node.config)
        except WorkflowError as error:
            raise error.at(self.place + node.node_id) from error.__cause__

    async def _attempted(self, node: Node, strand: Strand, record: NodeRecord, attempt: Attempt) -> Outcome:
        try:
            return await self._executed(node, strand, attempt)
        except WorkflowError as error:
            message = strand.scope.secrets.text(str(error))
            record.failed(error.error_type, message)
            if error.node_id == self.place + node.node_id:
                self._tell(strand, node, "error", f"{node.node_type} failed: {message} ({error.error_type})")
            raise

    async def _executed(self, node: Node, strand: Strand, attempt: Attempt) -> Outcome:
        node_id = self.place + node.node_id
        try:
            changed = replace(node, config=attempt.settings(node.config))
            flow = FlowControl(self, strand, node.node_id)
            inputs = attempt.inputs(self._inputs(node))
            outcome = await self.job.types.type_of(node).code(
                NodeContext(changed, inputs, strand.scope, flow.repeat, flow, self.place)
            )
            self.offer(node.node_id, outcome.outputs)
            return outcome
        except (ControlMoved, JobStopped):
            raise
        except WorkflowError as error:
            raise error.at(node_id) from error.__cause__
        except (Exception, SystemExit) as error:
            # What was told to stop may fail in any way on its way out.
            strand.scope.cancel.check()
            raise NodeCrashed(f"the node type {node.node_type} {crash_of(error)}", node_id=node_id) from error

    def _tell(self, strand: Strand, node: Node, level: str, message: str) -> None:
        strand.scope.log(level, message, self.place + node.node_id)

    def _inputs(self, node: Node) -> Mapping[str, Any]:
        wires = self.workflow.wires.get(node.node_id, {})
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
