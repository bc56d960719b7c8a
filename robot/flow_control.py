"""What a node does with the nodes after it: bodies, loops, branches beside each other, workflows inside workflows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from robot import preflight
from robot.cancellation import JobStopped, StopReason
from robot.errors import InvalidWorkflow, WorkflowError
from robot.nodes.context import BranchEnd, RunScope
from robot.nodes.table import LoopEnded, RoundEnded
from robot.results import small
from robot.secrets import Variables
from robot.strand import Strand
from robot.workflow import parse_workflow

if TYPE_CHECKING:
    from robot.execution import Execution


class FlowControl:
    """One node's hold on an execution, on one strand of it; see `robot.nodes.context.Flow`."""

    def __init__(self, execution: "Execution", strand: Strand, node_id: str) -> None:
        self._execution = execution
        self._strand = strand
        self._node_id = node_id

    @property
    def in_loop(self) -> bool:
        """Returns whether there is a loop on this strand."""
        return self._strand.loop_depth > 0

    def leads_on(self, port: str) -> bool:
        """Returns whether a connection leaves the node by this port."""
        return bool(self._execution.workflow.after(self._node_id, port))

    def offer(self, outputs: dict[str, Any]) -> None:
        """Offers data to the nodes of a body."""
        self._execution.offer(self._node_id, outputs)

    async def follow(self, port: str) -> None:
        """Follows the chains at `port`; an EndNode in them ends this node's branch too."""
        with self._strand.body_of(self._node_id):
            targets = self._execution.workflow.after(self._node_id, port)
            await self._execution.follow(targets, self._strand, back_to=self._node_id)

    async def repeat(self, port: str, rounds: int, prepare: Callable[[int], dict[str, Any]]) -> None:
        """Follows `port` `rounds` times."""

        async def prepared(index: int) -> dict[str, Any] | None:
            return prepare(index) if index < rounds else None

        await self._loop(port, prepared, rounds)

    async def repeat_while(self, port: str, prepare: Callable[[int], Awaitable[dict[str, Any] | None]]) -> int:
        """Follows `port` until `prepare` returns None; returns the number of rounds."""
        return await self._loop(port, prepare, None)

    async def _loop(
        self, port: str, prepare: Callable[[int], Awaitable[dict[str, Any] | None]], rounds: int | None
    ) -> int:
        execution, strand, node_id = self._execution, self._strand, self._node_id
        if strand.loop_depth >= strand.scope.limits.max_loop_depth:
            raise InvalidWorkflow(f"loops are nested deeper than {strand.scope.limits.max_loop_depth}")
        body = execution.workflow.after(node_id, port)
        execution.progress.enter_loop(node_id, execution.workflow.reachable(body, around=node_id))
        index = 0
        try:
            with strand.loop_of(node_id) as ran:
                while (outputs := await prepare(index)) is not None:
                    await execution.step(node_id, strand)
                    execution.forget(ran)
                    ran.clear()
                    execution.offer(node_id, outputs)
                    index += 1
                    if not await self._round(body):
                        break
                    execution.progress.round_done(node_id, index, rounds or index + 1)
        finally:
            execution.progress.leave_loop(node_id)
        return index

    async def _round(self, body: tuple[str, ...]) -> bool:
        """Whether the loop goes on."""
        try:
            await self._execution.follow(body, self._strand, back_to=self._node_id)
        except RoundEnded:
            return True
        except LoopEnded:
            return False
        return True

    async def branches(self, port: str, *, at_once: int, cancel_rest: bool) -> list[BranchEnd]:
        """Follows each chain at `port`, `at_once` at a time.

        With `cancel_rest` the first failure stops the others, and those not begun, as soon as their node lets them.
        Raises JobStopped when the job itself is stopped.
        """
        scope = self._strand.scope
        room = asyncio.Semaphore(at_once)
        with scope.cancel.child() as together:
            inner = replace(scope, cancel=together)

            async def branch(first: str) -> BranchEnd | None:
                async with room:
                    end = await self._branch(first, self._strand.fork(inner, self._node_id))
                if cancel_rest and end is not None and end.error is not None:
                    together.cancel(StopReason.BRANCH_FAILED)
                return end

            targets = self._execution.workflow.after(self._node_id, port)
            # A group ends its tasks also when this one is abandoned.
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(branch(first)) for first in targets]
        scope.cancel.check()
        return [end for end in (task.result() for task in tasks) if end is not None]

    async def _branch(self, first: str, strand: Strand) -> BranchEnd | None:
        """How the branch ended; None when it was stopped."""
        try:
            await self._execution.follow((first,), strand, back_to=self._node_id)
        except WorkflowError as error:
            return BranchEnd(first, error)
        except JobStopped:
            return None
        return BranchEnd(first, None)

    async def call(self, document: object, variables: Mapping[str, Any], *, identity: str | None) -> dict[str, Any]:
        """Runs a workflow inside this one.

        Raises InvalidWorkflow when it is running already further up, or is too deep; WorkflowError when it fails.
        """
        # Imported late: an execution makes flow controls, and this makes an execution.
        from robot.execution import Execution

        outer, strand = self._execution, self._strand
        place = f"{outer.place}{self._node_id}/"
        lineage = (*outer.lineage, identity or f"the workflow written in {place}")
        self._check(lineage)
        workflow = await asyncio.to_thread(parse_workflow, document)
        if workflow.start is None:
            return {}
        try:
            preflight.check(workflow, outer.job.types, workflow.reachable((workflow.start,)))
        except WorkflowError as error:
            error.node_id = place + (error.node_id or "")
            raise
        scope = _scope_inside(strand.scope, {**workflow.variables, **variables})
        inner = Execution(
            workflow, outer.job, scope, progress=outer.progress.inside(place), place=place, lineage=lineage
        )
        await inner.run(workflow.start)
        return scope.outputs or small({name: scope.variables[name] for name in sorted(scope.assigned)})

    def _check(self, lineage: tuple[str, ...]) -> None:
        if lineage[-1] in lineage[:-1]:
            raise InvalidWorkflow(f"a workflow runs itself: {' → '.join(lineage)}")
        deepest = self._strand.scope.limits.max_workflow_depth
        if len(lineage) > deepest:
            raise InvalidWorkflow(f"workflows run each other deeper than {deepest}")


def _scope_inside(scope: RunScope, variables: dict[str, Any]) -> RunScope:
    return replace(scope, variables=Variables(variables, scope.secrets), assigned=set(), outputs={})
