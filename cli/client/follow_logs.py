"""Reads a job's log, and follows it to the job's end."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cli.client.api import Answer, Api, segment
from cli.client.follow import ENDINGS
from cli.failures import ServerUnavailable

PATIENCE_SECONDS: Final = 600.0
"""Nothing is lost by waiting: the log goes on where it was left."""
_PAGE: Final = 1_000
_PAUSE_SECONDS: Final = 1.0
_AFTERGLOW_SECONDS: Final = 0.5
"""Robots may hand in a job's last lines after its end."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are wanted: of this severity at least, with this text, of this node, not older than this."""

    level: str | None = None
    search: str | None = None
    node_id: str | None = None
    since: datetime | None = None

    def takes(self, line: Answer) -> bool:
        """Whether the line is new enough; the rest is for the server."""
        if self.since is None:
            return True
        try:
            at = datetime.fromisoformat(str(line.get("timestamp")))
        except ValueError:
            return True
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) >= self.since


class LogReader:
    """A job's log from its beginning, page by page; goes on where it stopped, also after an outage."""

    def __init__(self, api: Api, job_id: str, wanted: LogFilter) -> None:
        self._api = api
        self._path = f"/jobs/{segment(job_id)}/logs"
        self._wanted = wanted
        self._cursor: str | None = None

    def new_lines(self) -> Iterator[Answer]:
        """The lines that came since the last call. Raises what the API raises; a repeat loses and doubles nothing."""
        while True:
            page = self._page()
            yield from (line for line in page.get("logs", ()) if self._wanted.takes(line))
            self._cursor = page.get("next_cursor") or page.get("resume_cursor") or self._cursor
            if not page.get("next_cursor"):
                return

    def _page(self) -> Answer:
        wanted = self._wanted
        filters = {"level": wanted.level, "search": wanted.search, "node_id": wanted.node_id}
        return self._api.get(self._path, {**filters, "limit": _PAGE, "cursor": self._cursor})


def read_logs(api: Api, job_id: str, wanted: LogFilter, *, tail: int | None) -> list[Answer]:
    """The lines there are, only the last `tail` of them if it is given."""
    return list(deque(LogReader(api, job_id, wanted).new_lines(), maxlen=tail))


def follow_logs(
    api: Api,
    job_id: str,
    wanted: LogFilter,
    *,
    seen: Callable[[Answer], None],
    trouble: Callable[[str], None],
    tail: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answer:
    """The job once it has ended; `seen` gets each line of its log, of those there are at first only the last `tail`.

    `trouble` is told once of each outage: that nobody answers, and that it goes on.
    Raises ServerUnavailable when nobody has answered for ten minutes, and whatever else `api` raises.
    """
    reader = LogReader(api, job_id, wanted)
    last_answer = monotonic()
    is_first, is_away = True, False
    first: deque[Answer] = deque(maxlen=tail)
    while True:
        try:
            # In this order: what was written before the end is then read.
            job = api.get(f"/jobs/{segment(job_id)}")
            if is_away:
                is_away = False
                trouble("The server answers again.")
            if is_first:
                # What an outage cuts short stays here, since the reader goes on after it.
                first.extend(reader.new_lines())
            for line in first if is_first else reader.new_lines():
                seen(line)
            is_first = False
            if job.get("status") in ENDINGS:
                sleep(_AFTERGLOW_SECONDS)
                for line in reader.new_lines():
                    seen(line)
                return job
        except ServerUnavailable as error:
            wait = max(error.retry_after_seconds or 0, _PAUSE_SECONDS)
            if monotonic() - last_answer + wait > PATIENCE_SECONDS:
                raise
            if not is_away:
                is_away = True
                trouble(f"{error} Trying again …")
            sleep(wait)
            continue
        last_answer = monotonic()
        sleep(_PAUSE_SECONDS)
