"""When a cron expression is due in a time zone (contract clarifications 17).

The expression names wall-clock times, and each matching one is due exactly once: at the first instant at which the
local clock shows it. Hence, when the clock is set forward, the skipped times are due together, once, at the first
minute after the gap (with what is due at that minute anyway). When it is set back, times of the repeated hour are due
in its first run only, so that even `*/15 * * * *` pauses during the second.

All times are epoch milliseconds, and due times are whole local minutes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Final

from services.scheduler.domain.cron import wall_times_after, wall_times_until
from services.scheduler.domain.time_zones import first_instant_ms, latest_wall_clock, load_zone, wall_clock

END_OF_TIME_MS: Final = int(datetime(9900, 1, 1, tzinfo=UTC).timestamp()) * 1000
"""Nothing is due later: the calendar ends with the year 9999, and the search looks some years ahead."""

START_OF_TIME_MS: Final = 0
"""Nothing is due before 1970."""


def next_due(cron: str, timezone: str, after_ms: int) -> int | None:
    """The first due time strictly after `after_ms`; None when there is none, as for `0 0 31 2 *`.

    Raises InvalidCron, InvalidTimezone.
    """
    return next(_due_after(cron, timezone, after_ms), None)


def due_times(cron: str, timezone: str, after_ms: int, until_ms: int, limit: int) -> list[int]:
    """The first `limit` due times strictly after `after_ms` and up to `until_ms`, ascending. Raises as `next_due`."""
    due = takewhile(lambda due_ms: due_ms <= until_ms, _due_after(cron, timezone, after_ms))
    return list(islice(due, limit))


def due_until(cron: str, timezone: str, until_ms: int) -> Iterator[int]:
    """Due times not after `until_ms`, latest first. Raises as `next_due`, once it is iterated."""
    zone = load_zone(timezone)
    until_ms = _within_time(until_ms)
    earliest: int | None = None
    for wall in wall_times_until(cron, latest_wall_clock(until_ms, zone)):
        due_ms = first_instant_ms(wall, zone)
        if due_ms < START_OF_TIME_MS:
            return
        if due_ms <= until_ms and due_ms != earliest:
            yield due_ms
            earliest = due_ms


def _due_after(cron: str, timezone: str, after_ms: int) -> Iterator[int]:
    zone = load_zone(timezone)
    latest = _within_time(after_ms)
    for wall in wall_times_after(cron, wall_clock(latest, zone)):
        due_ms = first_instant_ms(wall, zone)
        if due_ms > END_OF_TIME_MS:
            return
        if due_ms > latest:
            yield due_ms
            latest = due_ms


def _within_time(at_ms: int) -> int:
    return min(max(at_ms, START_OF_TIME_MS - 1), END_OF_TIME_MS)
