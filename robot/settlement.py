"""What becomes of jobs that an earlier process of this robot left behind: settled before new work is taken.

Left so                           Told
a report that may not have come   the report again; the server answers repeats alike
at or after its first node        failed, ROBOT_RESTARTED, retryable: the attempt counts, so a job that kills its robot
                                  ends; what its node had done is not known, so it is not run again silently
before its first node             released: the attempt does not count
"""

from collections.abc import Callable, Iterable

import structlog

from robot.backoff import Backoff
from robot.client import OrchestratorClient
from robot.delivery import Report, deliver
from robot.errors import RobotRestarted
from robot.journal import HeldJob, Journal
from robot.protocol import CallRejected, ClaimedJob

_LOG = structlog.get_logger()


class Settlement:
    """Settles the jobs of the journal, and those that only the server knows of."""

    def __init__(self, journal: Journal, client: OrchestratorClient, make_backoff: Callable[[], Backoff]) -> None:
        self._journal = journal
        self._client = client
        self._make_backoff = make_backoff
        self._left = journal.held()
        self._journal_is_new = journal.is_new

    async def settle(self, held_by_server: Iterable[str]) -> None:
        """Returns when every job that was left is settled."""
        known = {job.job_id for job in self._left}
        for job in self._left:
            await self._tell(job.claimed(), _report_of(job))
        for job_id in held_by_server:
            if job_id not in known:
                await self._tell(ClaimedJob(job_id, ""), self._unknown())
        self._left = []

    def _unknown(self) -> Report:
        if self._journal_is_new:
            return Report("fail", RobotRestarted("the robot started anew without its journal").report())
        # A journal knows every job before its first node runs.
        return Report("release", {})

    async def _tell(self, job: ClaimedJob, report: Report) -> None:
        _LOG.warning("job_settled_after_restart", job_id=job.job_id, report=report.verb)
        try:
            await deliver(report, self._client, job, self._make_backoff())
        except CallRejected as error:
            _LOG.error("report_refused", job_id=job.job_id, report=report.verb, error=str(error))
        await self._journal.forget(job.job_id)


def _report_of(job: HeldJob) -> Report:
    if job.report is not None:
        return Report(job.report["verb"], job.report["body"])
    if not job.started:
        return Report("release", {})
    where = f"while node {job.node_id!r} was running" if job.node_id else "in the middle of the job"
    error = RobotRestarted(f"the robot's process ended {where}; what it had done by then is not known")
    error.node_id = job.node_id
    return Report("fail", error.report())
