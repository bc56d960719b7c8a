"""Executes workflows."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from robot import preflight
from robot.cancellation import CancelScope
from robot.execution import Execution
from robot.files import WorkingDirectory
from robot.http_session import HttpSession
from robot.limits import Limits
from robot.nodes import NODE_TYPES, NodeTable
from robot.nodes.context import RunScope
from robot.progress import Progress, ProgressCallback, tell_nobody
from robot.results import build_result, small
from robot.workflow import Workflow, parse_workflow


class Executor:
    """Runs workflow documents; one executor serves any number of jobs at once."""

    def __init__(
        self,
        files: WorkingDirectory,
        *,
        node_types: NodeTable = NODE_TYPES,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._types = node_types
        self._limits = limits or Limits()
        self._monotonic = monotonic

    async def run(
        self,
        document: object,
        *,
        variables: Mapping[str, Any] | None = None,
        cancel: CancelScope | None = None,
        progress: ProgressCallback | None = None,
    ) -> dict[str, Any]:
        """Returns the job's result, `outputs` and `node_execution`.

        `variables` win over the document's own. `progress` gets (percent, node id, message) and should return at once.
        Raises WorkflowError when the workflow fails, JobStopped when `cancel` ends it.
        """
        # A document may have 50 MB (contract clarifications 10).
        workflow = await asyncio.to_thread(parse_workflow, document)
        if workflow.start is None:
            return build_result({}, [], max_bytes=self._limits.max_result_bytes)
        reachable = workflow.reachable((workflow.start,))
        preflight.check(workflow, self._types, reachable)
        told = Progress(len(reachable), progress or tell_nobody)
        scope = RunScope(
            variables={**workflow.variables, **(variables or {})},
            files=self._files,
            limits=self._limits,
            cancel=cancel or CancelScope(),
            http=HttpSession(),
            say=told.say,
        )
        try:
            return await self._execute(workflow, workflow.start, scope, told)
        finally:
            await scope.http.close()

    async def _execute(self, workflow: Workflow, start: str, scope: RunScope, progress: Progress) -> dict[str, Any]:
        execution = Execution(workflow, self._types, scope, progress=progress, monotonic=self._monotonic)
        await execution.run(start)
        await progress.finished()
        assigned = {name: scope.variables[name] for name in sorted(scope.assigned)}
        outputs = scope.outputs or small(assigned)
        return await asyncio.to_thread(
            build_result, outputs, execution.records, max_bytes=self._limits.max_result_bytes
        )
