# Made from `casare/_async/logs.py` by `docs/generate_sync_client.py`. Do not edit.
"""Reading a job's log."""

from collections.abc import Iterator, Mapping
from typing import Final

from casare._calls import Value, get
from casare._pacing import Pace
from casare._sync.session import Session
from casare._sync.timing import sleep
from casare.models.jobs import JobRecord, LogEntry, LogPage

PAGE_SIZE: Final = 1000


def read_log(session: Session, path: str, params: Mapping[str, Value], _pace: Pace) -> Iterator[LogEntry]:
    """The lines that there are."""
    cursor: str | None = None
    while True:
        page = _page(session, path, params, cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def follow_log(session: Session, path: str, params: Mapping[str, Value], pace: Pace) -> Iterator[LogEntry]:
    """The lines that there are and those to come, until the job has ended and its log was read once more."""
    cursor: str | None = None
    ended = False
    while True:
        page = _page(session, path, params, cursor)
        yield from page.items
        cursor = page.next_cursor or page.resume_cursor or cursor
        if page.next_cursor is not None:
            continue
        if ended:
            return
        ended = (session.call(get(path, JobRecord))).has_ended
        if not ended:  # no reset of the pace: a chatty job must not use up the limit
            sleep(pace.next_seconds())


def _page(session: Session, path: str, params: Mapping[str, Value], cursor: str | None) -> LogPage:
    return session.call(get(f"{path}/logs", LogPage, {**params, "limit": PAGE_SIZE, "cursor": cursor}))
