"""IANA time zones: local wall-clock times and the instants at which they begin.

The rules come from the pinned `tzdata` package, never from the host, so that every replica agrees on every due time.
"""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from services.scheduler.domain.errors import InvalidTimezone

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SECOND: Final = timedelta(seconds=1)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Names of all zones, spelt as IANA spells them."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="ascii").split())


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo:
    """The zone called `name`. Raises InvalidTimezone for anything but an IANA name, letter case included."""
    if name not in zone_names():
        raise InvalidTimezone(f"timezone: {name[:64]!r} is not an IANA time zone name such as 'Europe/Berlin'")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def wall_clock(at_ms: int, zone: ZoneInfo) -> datetime:
    """What the local clock shows at `at_ms`: naive, `fold=1` in the second run of a repeated hour."""
    return (_EPOCH + at_ms * _MILLISECOND).astimezone(zone).replace(tzinfo=None)


def latest_wall_clock(at_ms: int, zone: ZoneInfo) -> datetime:
    """An upper bound of what the local clock has shown until `at_ms`: it was ahead before it was set back."""
    wall = wall_clock(at_ms, zone)
    return wall + (_offset(wall, zone, fold=0) - _offset(wall, zone, fold=1))


def first_instant_ms(wall: datetime, zone: ZoneInfo) -> int:
    """The first minute (epoch ms) at which the local clock shows the naive `wall` or, if it skips it, a later time."""
    at_ms = _epoch_seconds(wall, zone, fold=0) * 1000
    return at_ms if wall_clock(at_ms, zone) == wall else _end_of_gap_ms(wall, zone)


def _end_of_gap_ms(wall: datetime, zone: ZoneInfo) -> int:
    """The first whole local minute after the gap that swallowed `wall`."""
    # In a gap fold=1 reads the time with the offset after it, which is an instant before it, and the other way round.
    before, after = _epoch_seconds(wall, zone, fold=1), _epoch_seconds(wall, zone, fold=0)
    seconds = range(before, after)
    end = before + bisect_left(seconds, wall, key=lambda second: wall_clock(second * 1000, zone))
    return (end + -wall_clock(end * 1000, zone).second % 60) * 1000


def _epoch_seconds(wall: datetime, zone: ZoneInfo, *, fold: int) -> int:
    return (wall.replace(tzinfo=UTC) - _EPOCH - _offset(wall, zone, fold=fold)) // _SECOND


def _offset(wall: datetime, zone: ZoneInfo, *, fold: int) -> timedelta:
    offset = wall.replace(tzinfo=zone, fold=fold).utcoffset()
    assert offset is not None
    return offset
