"""Getting the end of a job to the server."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from robot.backoff import Backoff
from robot.client import OrchestratorClient
from robot.protocol import AccessRefused, ClaimedJob, NotHeld, TryAgain

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """How a job ended: `complete` with the result, `fail` with the failure, or `release`."""

    verb: str
    body: Mapping[str, Any]

    async def send(self, client: OrchestratorClient, job: ClaimedJob) -> None:
        """Makes the call that says so."""
        if self.verb == "complete":
            await client.complete(job, self.body)
        elif self.verb == "fail":
            await client.fail(job, self.body)
        else:
            await client.release(job)


async def deliver(report: Report, client: OrchestratorClient, job: ClaimedJob, backoff: Backoff) -> None:
    """Sends the report until it is answered; the caller ends it when the lease is lost.

    A repeated report gets the first answer again (contract beyond), so a lost answer does no harm. Drops the report
    when the job is not this robot's any more. Raises CallRejected when the server will not take it as it is.
    """
    while True:
        try:
            await report.send(client, job)
        except TryAgain as error:
            _LOG.warning("report_delayed", report=report.verb, error=str(error))
            await asyncio.sleep(backoff.next_seconds(error.retry_after))
        except (NotHeld, AccessRefused) as error:
            _LOG.warning("report_dropped", report=report.verb, error=str(error))
            return
        else:
            _LOG.info("job_reported", report=report.verb)
            return
