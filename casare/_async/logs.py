"""Reading a job's log."""

import logging
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

from casare._async.pages import each_by_cursor
from casare._async.session import AsyncSession
from casare._async.timing import sleep
from casare._calls import Value, get
from casare._outage import PASSING, PATIENCE_SECONDS, pause_seconds
from casare._pacing import Pace
from casare.models.jobs import JobRecord, LogEntry, LogPage

PAGE_SIZE: Final = 1000

log = logging.getLogger("casare")


def read_log(session: AsyncSession, path: str, params: Mapping[str, Value], _pace: Pace) -> AsyncIterator[LogEntry]:
    """The lines that there are."""
    return each_by_cursor(session, f"{path}/logs", LogPage, {**params, "limit": PAGE_SIZE})


async def follow_log(
    session: AsyncSession, path: str, params: Mapping[str, Value], pace: Pace
) -> AsyncIterator[LogEntry]:
    """The lines that there are and those to come, until the job has ended and its log was read once more. A server that
    is away for up to a minute is waited for."""
    cursor: str | None = None
    answered_at = time.monotonic()
    last_look = False
    while True:
        try:
            page = await _page(session, path, params, cursor)
            ended = page.next_cursor is None and (await session.call(get(path, JobRecord))).has_ended
        except PASSING as error:
            if time.monotonic() - answered_at > PATIENCE_SECONDS:
                raise
            log.warning("cannot read the log, going on: %s", error)
            await sleep(pause_seconds(error))
            continue
        answered_at = time.monotonic()
        for line in page.items:
            yield line
        cursor = page.next_cursor or page.resume_cursor or cursor
        if last_look and page.next_cursor is None:
            return
        last_look = last_look or ended
        if page.next_cursor is None and not ended:
            await sleep(pace.next_seconds())


async def _page(session: AsyncSession, path: str, params: Mapping[str, Value], cursor: str | None) -> LogPage:
    return await session.call(get(f"{path}/logs", LogPage, {**params, "limit": PAGE_SIZE, "cursor": cursor}))
