"""Time as a parameter: rules and stores receive a `Clock`, never the machine's."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the current time comes from."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def to_datetime(at_ms: int) -> datetime:
    """The aware UTC datetime of `at_ms` (milliseconds since the epoch)."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def to_optional_datetime(at_ms: int | None) -> datetime | None:
    """As `to_datetime`; None stays None."""
    return None if at_ms is None else to_datetime(at_ms)


def to_ms(at: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime."""
    if at.tzinfo is None:
        raise ValueError("a datetime without a time zone names no moment")
    return int(at.timestamp() * 1000)


def iso_utc(at_ms: int) -> str:
    """RFC 3339 form with milliseconds and `Z`, as the API and events write it."""
    return to_datetime(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
