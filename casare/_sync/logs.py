# Made from `casare/_async/logs.py` by `docs/generate_sync_client.py`. Do not edit.
"""Reading a job's log."""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Final

from casare._calls import Value, get
from casare._outage import PASSING, PATIENCE_SECONDS, pause_seconds
from casare._pacing import Pace
from casare._sync.pages import each_by_cursor
from casare._sync.session import Session
from casare._sync.timing import sleep
from casare.models.jobs import JobRecord, LogEntry, LogPage

PAGE_SIZE: Final = 1000

log = logging.getLogger("casare")


def read_log(session: Session, path: str, params: Mapping[str, Value], _pace: Pace) -> Iterator[LogEntry]:
    """The lines that there are."""
    return each_by_cursor(session, f"{path}/logs", LogPage, {**params, "limit": PAGE_SIZE})


def follow_log(session: Session, path: str, params: Mapping[str, Value], pace: Pace) -> Iterator[LogEntry]:
    """The lines that there are and those to come, until the job has ended and its log was read once more. A server that
    is away for up to a minute is waited for."""
    cursor: str | None = None
    answered_at = time.monotonic()
    last_look = False
    while True:
        try:
            page = _page(session, path, params, cursor)
            ended = page.next_cursor is None and (session.call(get(path, JobRecord))).has_ended
        except PASSING as error:
            if time.monotonic() - answered_at > PATIENCE_SECONDS:
                raise
            log.warning("cannot read the log, going on: %s", error)
            sleep(pause_seconds(error))
            continue
        answered_at = time.monotonic()
        yield from page.items
        cursor = page.next_cursor or page.resume_cursor or cursor
        if last_look and page.next_cursor is None:
            return
        last_look = last_look or ended
        if page.next_cursor is None and not ended:
            sleep(pace.next_seconds())


def _page(session: Session, path: str, params: Mapping[str, Value], cursor: str | None) -> LogPage:
    return session.call(get(f"{path}/logs", LogPage, {**params, "limit": PAGE_SIZE, "cursor": cursor}))
