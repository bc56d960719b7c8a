"""Moments and durations as people read and write them."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from cli.failures import UsageProblem

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60))
_SECONDS_OF: Final = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION: Final = re.compile(r"([0-9]{1,9})\s*([a-z]*)")


def seconds_in(text: str, option: str) -> int:
    """The seconds that `30s`, `10m`, `24h`, `7d` or `2w` mean; a bare number is seconds. Raises UsageProblem."""
    found = _DURATION.fullmatch(text.strip().lower())
    size = _SECONDS_OF.get(found[2] or "s") if found else None
    if found is None or size is None:
        raise UsageProblem(f"{option} {text}: not a duration.", advice="For example: 90s, 10m, 24h or 7d.")
    return int(found[1]) * size


def moment_before(text: str, now_ms: int, option: str) -> datetime:
    """The moment that an age, as in `10m`, or a time with its offset, means. Raises UsageProblem."""
    if _DURATION.fullmatch(text.strip().lower()):
        return datetime.fromtimestamp(now_ms / 1000 - seconds_in(text, option), UTC)
    at = _parsed(text)
    if at is None:
        raise UsageProblem(
            f"{option} {text}: neither a time nor an age.", advice="For example: 2027-01-31T09:00:00Z, or 10m."
        )
    return at


def moment_after(text: str, now_ms: int, option: str) -> str:
    """The moment that `in` how long, as in `2h`, or a time means, as the API takes it. Raises UsageProblem.

    A time without an offset is of this machine's zone, as a person at it would mean.
    """
    if _DURATION.fullmatch(text.strip().lower()):
        at = datetime.fromtimestamp(now_ms / 1000 + seconds_in(text, option), UTC)
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"
    try:
        at = datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageProblem(
            f"{option} {text}: neither a time nor a duration.", advice="For example: 2027-01-31T09:00:00Z, or 2h."
        ) from error
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def moment_in(iso: object, zone: tzinfo | None) -> str | None:
    """An API time as the clocks of `zone` show it, this machine's when None: `Tue 2026-11-24 10:00 CET`."""
    at = _parsed(iso)
    if at is None:
        return None if iso is None else str(iso)
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


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
        at = datetime.fromisoformat(iso.strip())
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
