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
from robot.delivery import Report, deliver
from robot.errors import NodeCrashed, ReportRefused, WorkflowError
from robot.executor import Executor
from robot.lease import LeaseKeeper
from robot.progress_reporter import ProgressReporter
from robot.protocol import CallRejected, ClaimedJob
from robot.settings import RobotSettings
from robot.workflow import decode_workflow

_LOG = structlog.get_logger()

# What is sent instead of a report the server refuses: ever less that could be wrong with it.
_PLAINER = {"complete": "fail", "fail": "plain fail"}


@dataclass(frozen=True, slots=True)
class JobTools:
    """What every job of a robot is run with."""

    client: OrchestratorClient
    executor: Executor
    settings: RobotSettings
    rng: random.Random
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

    def stop(self, reason: StopReason) -> None:
        """Ends the work; a report already on its way goes on unless the job is no longer ours to report on."""
        self._work.cancel(reason)
        if reason is not StopReason.SHUTDOWN:
            self._report.cancel(reason)

    async def run(self) -> None:
        """Returns when the job is over for this robot."""
        with structlog.contextvars.bound_contextvars(job_id=self.job.job_id):
            _LOG.info("job_started", attempt=self.job.attempt)
            async with alongside(self._lease.run()):
                try:
                    await self._deliver(await self._finished_work())
                except JobStopped as stopped:
                    _LOG.info("job_stopped", reason=stopped.reason.value)

    async def _finished_work(self) -> Report:
        try:
            async with alongside(self._progress.run()):
                result = await self._execute()
            # The bar shows how far the job came even when it ended between two sendings.
            await self._report.race(self._progress.flush())
        except JobStopped as stopped:
            if stopped.reason is not StopReason.SHUTDOWN:
                raise
            return Report("release", lambda: self._client.release(self.job))
        except WorkflowError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 (a job that ends unreported would run again at every lease's end)
            _LOG.exception("execution_crashed")
            return self._failed(NodeCrashed(f"the robot failed with {type(error).__name__}"))
        return Report("complete", lambda: self._client.complete(self.job, result))

    async def _execute(self) -> dict[str, Any]:
        self._work.check()
        document = await asyncio.to_thread(decode_workflow, self.job.workflow_json)
        return await self._tools.executor.run(
            document, variables=self.job.variables, cancel=self._work, progress=self._progress.update
        )

    def _failed(self, error: WorkflowError) -> Report:
        _LOG.warning("workflow_failed", node_id=error.node_id, error_type=error.error_type)
        return Report("fail", lambda: self._client.fail(self.job, error.report()))

    async def _deliver(self, report: Report) -> None:
        try:
            await self._report.race(deliver(report, self._tools.backoff()))
        except CallRejected as error:
            _LOG.error("report_refused", report=report.verb, error=str(error))
            if report.verb in _PLAINER:
                # Unreported, the job would run again at every lease's end, to be refused each time.
                await self._deliver(self._refused(report, error))

    def _refused(self, report: Report, error: CallRejected) -> Report:
        reason = f"the server refused the result: {error}" if report.verb == "complete" else "the report was refused"
        failure = ReportRefused(reason).report()
        return Report(_PLAINER[report.verb], lambda: self._client.fail(self.job, failure))
