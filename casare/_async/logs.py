"""Reading a job's log."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from casare._async.session import AsyncSession
from casare._async.timing import sleep
from casare._calls import Value, get
from casare._pacing import Pace
from casare.models.jobs import JobRecord, LogEntry, LogPage

PAGE_SIZE: Final = 1000


async def read_log(
    session: AsyncSession, path: str, params: Mapping[str, Value], _pace: Pace
) -> AsyncIterator[LogEntry]:
    """The lines that there are."""
    cursor: str | None = None
    while True:
        page = await _page(session, path, params, cursor)
        for line in page.items:
            yield line
        cursor = page.next_cursor
        if cursor is None:
            return


async def follow_log(
    session: AsyncSession, path: str, params: Mapping[str, Value], pace: Pace
) -> AsyncIterator[LogEntry]:
    """The lines that there are and those to come, until the job has ended and its log was read once more."""
    cursor: str | None = None
    ended = False
    while True:
        page = await _page(session, path, params, cursor)
        for line in page.items:
            yield line
        cursor = page.next_cursor or page.resume_cursor or cursor
        if page.next_cursor is not None:
            continue
        if ended:
            return
        ended = (await session.call(get(path, JobRecord))).has_ended
        if not ended:  # no reset of the pace: a chatty job must not use up the limit
            await sleep(pace.next_seconds())


async def _page(session: AsyncSession, path: str, params: Mapping[str, Value], cursor: str | None) -> LogPage:
    return await session.call(get(f"{path}/logs", LogPage, {**params, "limit": PAGE_SIZE, "cursor": cursor}))
