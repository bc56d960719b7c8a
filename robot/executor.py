"""Executes workflows."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from robot import preflight
from robot.cancellation import CancelScope
from robot.errors import WorkflowError
from robot.execution import Execution, Job, Steps
from robot.files import WorkingDirectory
from robot.http_session import HttpSession
from robot.limits import Limits
from robot.nodes import NODE_TYPES, NodeTable
from robot.nodes.context import LogSink, RunScope, Workflows
from robot.progress import Progress, ProgressCallback, tell_nobody
from robot.results import NodeRecords, build_result, build_result_so_far, small
from robot.secrets import JobSecrets, SecretSource, Variables
from robot.workflow import Workflow, parse_workflow


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run is given by the job around it: a log, other workflows, and what it is itself called."""

    log: LogSink | None = None
    workflows: Workflows | None = None
    identity: str | None = None


ALONE = Surroundings()


class Executor:
    """Runs workflow documents; one executor serves any number of jobs at once."""

    def __init__(
        self,
        files: WorkingDirectory,
        *,
        node_types: NodeTable = NODE_TYPES,
        limits: Limits | None = None,
        secrets: SecretSource | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._types = node_types
        self._limits = limits or Limits()
        self._secrets = secrets
        self._monotonic = monotonic

    async def run(
        self,
        document: object,
        *,
        variables: Mapping[str, Any] | None = None,
        cancel: CancelScope | None = None,
        progress: ProgressCallback | None = None,
        around: Surroundings = ALONE,
    ) -> dict[str, Any]:
        """Returns the job's result, `outputs` and `node_execution`.

        `variables` win over the document's own. `progress` gets (percent, node id, message) and should return at once.
        No secret is in the result, in what is told meanwhile or in an error. Raises WorkflowError when the workflow
        fails, with what it came to as the error's `result`; JobStopped when `cancel` ends it.
        """
        # A document may have 50 MB (contract clarifications 10).
        workflow = await asyncio.to_thread(parse_workflow, document)
        if workflow.start is None:
            return build_result({}, [], max_bytes=self._limits.max_result_bytes)
        reachable = workflow.reachable((workflow.start,))
        preflight.check(workflow, self._types, reachable)
        told = Progress(len(reachable), progress or tell_nobody)
        secrets = JobSecrets(self._secrets)
        scope = self._scope({**workflow.variables, **(variables or {})}, secrets, cancel or CancelScope(), told, around)
        records = NodeRecords(self._now_ms)
        try:
            return await self._execute(workflow, workflow.start, scope, records, told, around.identity)
        except WorkflowError as error:
            error.args = (secrets.text(str(error)),)
            error.result = await self._so_far(scope, records)
            raise
        finally:
            await scope.http.close()

    def _scope(
        self,
        variables: dict[str, Any],
        secrets: JobSecrets,
        cancel: CancelScope,
        progress: Progress,
        around: Surroundings,
    ) -> RunScope:
        async def say(message: str, *, node_id: str | None = None, share: float | None = None) -> None:
            await progress.say(secrets.text(message), node_id=node_id, share=share)

        scope = RunScope(
            variables=Variables(variables, secrets),
            files=self._files,
            limits=self._limits,
            cancel=cancel,
            http=HttpSession(),
            say=say,
            secrets=secrets,
            workflows=around.workflows,
        )
        return scope if around.log is None else replace(scope, log=around.log)

    async def _execute(
        self,
        workflow: Workflow,
        start: str,
        scope: RunScope,
        records: NodeRecords,
        progress: Progress,
        identity: str | None,
    ) -> dict[str, Any]:
        job = Job(self._types, Steps(self._limits.max_steps), records, self._now_ms)
        lineage = () if identity is None else (identity,)
        await Execution(workflow, job, scope, progress=progress, lineage=lineage).run(start)
        await progress.finished()
        outputs = scope.secrets.mask(scope.outputs or small(_assigned(scope)))
        return await asyncio.to_thread(build_result, outputs, records.all(), max_bytes=self._limits.max_result_bytes)

    async def _so_far(self, scope: RunScope, records: NodeRecords) -> dict[str, Any]:
        outputs, limit = scope.secrets.mask(small(scope.outputs or _assigned(scope))), self._limits.max_result_bytes
        return await asyncio.to_thread(build_result_so_far, outputs, records.all(), max_bytes=limit)

    def _now_ms(self) -> float:
        return 1_000 * self._monotonic()


def _assigned(scope: RunScope) -> dict[str, Any]:
    return {name: scope.variables[name] for name in sorted(scope.assigned)}
