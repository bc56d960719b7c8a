"""Moments and durations as people read them."""

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))


def moment(iso: object) -> str | None:
    """An API time as `2026-11-23 09:00:00Z`; what cannot be read is shown as it came."""
    at = _parsed(iso)
    if at is None:
        return None if iso is None else str(iso)
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def age(iso: object, now_ms: int) -> str | None:
    """How long ago an API time was, in its largest unit; None when it cannot be read."""
    at = _parsed(iso)
    if at is None:
        return None
    seconds = max(0, int(now_ms / 1000 - at.timestamp()))
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def duration(milliseconds: object) -> str | None:
    """`420 ms`, `12.3 s` or `4 min 05 s`; None when it is no number."""
    if not isinstance(milliseconds, int | float):
        return None
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s"


def _parsed(iso: object) -> datetime | None:
    if not isinstance(iso, str):
        return None
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
