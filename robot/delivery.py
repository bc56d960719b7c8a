"""Getting the end of a job to the server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from robot.backoff import Backoff
from robot.protocol import AccessRefused, NotHeld, TryAgain

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """How a job ended: `complete`, `fail` or `release`, and the call that says so."""

    verb: str
    send: Callable[[], Awaitable[None]]


async def deliver(report: Report, backoff: Backoff) -> None:
    """Sends the report until it is answered; the caller ends it when the lease is lost.

    A repeated report gets the first answer again (contract beyond), so a lost answer does no harm. Drops the report
    when the job is not this robot's any more. Raises CallRejected when the server will not take it as it is.
    """
    while True:
        try:
            await report.send()
        except TryAgain as error:
            _LOG.warning("report_delayed", report=report.verb, error=str(error))
            await asyncio.sleep(backoff.next_seconds(error.retry_after))
        except (NotHeld, AccessRefused) as error:
            _LOG.warning("report_dropped", report=report.verb, error=str(error))
            return
        else:
            _LOG.info("job_reported", report=report.verb)
            return
