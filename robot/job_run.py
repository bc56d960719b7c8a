"""One attempt at one job, from its claim to its report."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from robot.alongside import alongside
from robot.backoff import Backoff
from robot.cancellation import CancelScope, JobStopped, StopReason
from robot.client import OrchestratorClient
from robot.crashes import crash_of
from robot.delivery import Report, deliver
from robot.errors import NodeCrashed, ReportRefused, WorkflowError
from robot.executor import Executor, Surroundings
from robot.job_log import JobLog
from robot.journal import Journal
from robot.lease import LeaseKeeper
from robot.nodes.subworkflows import workflow_identity
from robot.progress_reporter import ProgressReporter
from robot.protocol import CallRejected, ClaimedJob
from robot.settings import RobotSettings
from robot.stored_workflows import StoredWorkflows
from robot.workflow import decode_workflow

_LOG = structlog.get_logger()

MAX_REFUSED = 2


@dataclass(frozen=True, slots=True)
class JobTools:
    """What every job of a robot is run with."""

    client: OrchestratorClient
    executor: Executor
    settings: RobotSettings
    rng: random.Random
    journal: Journal
    monotonic: Callable[[], float] = time.monotonic

    def backoff(self) -> Backoff:
        """Returns the waits of one series of attempts."""
        return Backoff(
            first_seconds=self.settings.retry_first_seconds,
            cap_seconds=self.settings.retry_cap_seconds,
            rng=self.rng,
        )


class JobRun:
    """Executes a claimed job and reports its end, as long as the robot holds it.

    A cancelled job and one whose lease is lost are not reported: the server has decided already. A job stopped because
    the robot shuts down is released, so that the attempt does not count.
    """

    def __init__(self, job: ClaimedJob, tools: JobTools) -> None:
        self.job = job
        self._tools = tools
        self._client = tools.client
        self._work = CancelScope()
        self._report = CancelScope()
        self._progress = ProgressReporter(
            job, tools.client, stop=self.stop, interval_seconds=tools.settings.progress_interval_seconds
        )
        self._lease = LeaseKeeper(
            job,
            tools.client,
            stop=self.stop,
            visibility_timeout_seconds=tools.settings.visibility_timeout_seconds,
            interval_seconds=tools.settings.extension_interval_seconds,
            backoff=tools.backoff(),
            monotonic=tools.monotonic,
        )
        self._log = JobLog(
            job,
            tools.client,
            robot_id=tools.settings.id,
            level=tools.settings.job_log_level,
            interval_seconds=tools.settings.job_log_interval_seconds,
            backoff=tools.backoff(),
        )
        self._has_started = False

    def stop(self, reason: StopReason) -> None:
        """Ends the work; a report already on its way goes on unless the job is no longer ours to report on."""
        self._work.cancel(reason)
        if reason is not StopReason.SHUTDOWN:
            self._report.cancel(reason)

    def abandon(self) -> None:
        """Lets the next cancellation end the job also where a node's own code goes on regardless."""
        self._work.abandon()

    async def run(self) -> None:
        """Returns when the job is over for this robot, and no longer in its journal."""
        with structlog.contextvars.bound_contextvars(job_id=self.job.job_id):
            _LOG.info("job_started", attempt=self.job.attempt)
            await self._tools.journal.claimed(self.job)
            async with alongside(self._lease.run()):
                try:
                    await self._deliver(await self._finished_work())
                except JobStopped as stopped:
                    _LOG.info("job_stopped", reason=stopped.reason.value)
            await self._tools.journal.forget(self.job.job_id)

    async def _finished_work(self) -> Report:
        async with alongside(self._log.run()):
            self._log.add("info", f"attempt {self.job.attempt} began on robot {self._tools.settings.id}")
            report = await self._worked()
        # Both show how far the job came even when it ended between two sendings.
        await self._report.race(self._progress.flush())
        await self._report.race(self._log.finish())
        return report

    async def _worked(self) -> Report:
        try:
            async with alongside(self._progress.run()):
                result = await self._execute()
        except JobStopped as stopped:
            self._log.add("warning", f"the job was stopped: {stopped.reason.value}")
            if stopped.reason is not StopReason.SHUTDOWN:
                raise
            return Report("release", {})
        except WorkflowError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 (a job that ends unreported would run again at every lease's end)
            _LOG.exception("execution_crashed")
            return self._failed(NodeCrashed(f"the robot {crash_of(error)}"))
        self._log.add("info", "the workflow is done")
        return Report("complete", result)

    async def _execute(self) -> dict[str, Any]:
        self._work.check()
        document = await asyncio.to_thread(decode_workflow, self.job.workflow_json)
        return await self._tools.executor.run(
            document,
            variables=self.job.variables,
            cancel=self._work,
            progress=self._note_progress,
            around=Surroundings(
                log=self._log.add,
                workflows=StoredWorkflows(self._client),
                identity=None if self.job.workflow_id is None else workflow_identity(self.job.workflow_id),
            ),
        )

    async def _note_progress(self, percent: int, node_id: str | None, message: str | None) -> None:
        # Told before each node runs, so that after a crash it is known where the job was.
        if not self._has_started:
            self._has_started = True
            await self._tools.journal.started(self.job)
        if node_id is not None and message is None:
            self._tools.journal.running_node(self.job, node_id)
        await self._progress.update(percent, node_id, message)

    def _failed(self, error: WorkflowError) -> Report:
        _LOG.warning("workflow_failed", node_id=error.node_id, error_type=error.error_type)
        self._log.add("error", f"the workflow failed: {error} ({error.error_type})", error.node_id)
        return Report("fail", error.report())

    async def _deliver(self, report: Report, *, refused: int = 0) -> None:
        await self._tools.journal.reporting(self.job, report.verb, report.body)
        try:
            await self._report.race(deliver(report, self._client, self.job, self._tools.backoff()))
        except CallRejected as error:
            _LOG.error("report_refused", report=report.verb, error=str(error))
            if report.verb != "release" and refused < MAX_REFUSED:
                # Unreported, the job would run again at every lease's end, to be refused each time.
                await self._deliver(_plainer(report, error), refused=refused + 1)


def _plainer(report: Report, error: CallRejected) -> Report:
    """What is sent instead of a report that the server refuses: ever less that could be wrong with it."""
    if report.verb == "fail" and report.body.get("result") is not None:
        return Report("fail", {**report.body, "result": None})
    reason = f"the server refused the result: {error}" if report.verb == "complete" else "the report was refused"
    return Report("fail", ReportRefused(reason).report())
