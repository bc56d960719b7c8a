"""A second implementation of due times: cronsim for the wall-clock times, the contract's DST rule on top of it.

It shares nothing with the product but the text of the expression and the rules of `tzdata`: what the product does with
croniter and `fold`, this does with cronsim and a table of the periods in which a zone's offset stays the same.

Where cronsim's dialect (Debian's cron) differs, `cases` has no such expression: `*/n` in one day field beside a
restricted other one (a day must match both there), `MON/n` (which reaches Sunday as 7 there), ranges that wrap around.

    .venv/bin/python -m tests.unit.services_scheduler.reference_due_times

writes `golden_due_times.jsonl` anew, which is due when cases are added or `tzdata` learns of other rules.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

GOLDEN: Final = Path(__file__).with_name("golden_due_times.jsonl")
START: Final = datetime(2024, 1, 1)  # noqa: DTZ001 - naive times are UTC or wall-clock times here, as their names say
END: Final = datetime(2027, 1, 1)  # noqa: DTZ001
_MARGIN: Final = timedelta(days=3)
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)

ZONES: Final = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Asia/Kathmandu",  # an offset of three quarters
    "America/Sao_Paulo",
    "Africa/Casablanca",  # back for Ramadan, so the dates wander
    "Pacific/Apia",
    "Africa/Cairo",  # midnight does not exist once a year
    "America/Havana",  # midnight exists twice once a year
)
RARE: Final = (
    "@daily", "@weekly", "@monthly", "@yearly",
    "30 2 * * *", "30 1 * * SUN", "5 2-3 * * sun,MON", "*/20 2 * * 0", "20 2 */2 * *", "0 3 * * 6-7",
    "0 9 * * 1-5", "0 22 * */3 2,4", "17 3 * feb-apr *", "10 1 25-31 MAR,OCT *", "15 2 8-14 3 *",
    "30 0 * 4,9,10 4-5", "15,45 0-3 * 3,4,10,11 0", "0 */6 1 * *", "0 4 1-7 * *",
    "0 0 29 2 *", "0 0 31 * *", "0 12 30,31 1-6 *", "45 23 28-31 * *", "59 23 31 12 *", "0 0 1 */5 *",
    "0 0 13 * FRI", "30 1 1,15 * 0", "0 0 1 1,7 7",
)  # fmt: skip
"""At most a few times a day: tried in every zone."""
FREQUENT: Final = ("@hourly", "30 */5 * * *")
"""Tried where the clock changes by an hour, and where by half of one."""
FREQUENT_ZONES: Final = ("America/New_York", "Australia/Lord_Howe")
_ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * SUN",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 JAN *",
}


@dataclass(frozen=True, slots=True)
class Period:
    """While the zone's offset is the same; `start` and `end` in UTC."""

    start: datetime
    end: datetime
    offset: timedelta


def cases() -> list[tuple[str, str]]:
    """Every expression with every zone it is tried in."""
    rare = [(cron, zone) for cron in RARE for zone in ZONES]
    return rare + [(cron, zone) for cron in FREQUENT for zone in FREQUENT_ZONES]


def due_times(cron: str, zone: str, start: datetime = START, end: datetime = END) -> list[datetime]:
    """When `cron` is due within [start, end), all in UTC."""
    instants = {instant_of(wall, zone) for wall in wall_times(cron, start - _MARGIN, end + _MARGIN)}
    return sorted(instant for instant in instants if start <= instant < end)


@cache
def wall_times(cron: str, start: datetime, end: datetime) -> list[datetime]:
    """The matching times within (start, end) on a clock that is never changed."""
    return list(takewhile(lambda wall: wall < end, CronSim(_ALIASES.get(cron, cron), start)))


def instant_of(wall: datetime, zone: str) -> datetime:
    """When the zone's clock shows `wall` first; if it never does, when the gap around it ends. In UTC."""
    for period in periods(zone):
        if period.start <= wall - period.offset < period.end:
            return wall - period.offset
    [gap_end] = [
        after.start
        for before, after in pairwise(periods(zone))
        if before.end + before.offset <= wall < after.start + after.offset
    ]
    return gap_end


@cache
def periods(zone: str) -> list[Period]:
    """The zone's periods from before START until after END, in their order."""
    at = first = START - 2 * _MARGIN
    found: list[Period] = []
    while at < END + 2 * _MARGIN:
        if offset_at(at + _HOUR, zone) != offset_at(at, zone):
            change = next(
                at + n * _MINUTE for n in range(61) if offset_at(at + n * _MINUTE, zone) != offset_at(at, zone)
            )
            found.append(Period(first, change, offset_at(at, zone)))
            first = change
        at += _HOUR
    return [*found, Period(first, at, offset_at(at, zone))]


def offset_at(at_utc: datetime, zone: str) -> timedelta:
    """How far the zone's clock is ahead of UTC."""
    offset = at_utc.replace(tzinfo=UTC).astimezone(_zone(zone)).utcoffset()
    assert offset is not None
    return offset


@cache
def _zone(name: str) -> ZoneInfo:
    # Not ZoneInfo(name), which prefers what the machine has installed.
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def golden_line(cron: str, zone: str, due: list[datetime]) -> dict[str, Any]:
    """What is kept of these due times: all of them as a digest, and readably those that daylight saving changed."""
    every = "\n".join(f"{instant:%Y-%m-%dT%H:%MZ}" for instant in due)
    walls = [wall for wall in wall_times(cron, START - _MARGIN, END + _MARGIN) if START <= instant_of(wall, zone) < END]
    return {
        "cron": cron,
        "zone": zone,
        "n": len(due),
        "first": _local(due[0], zone),
        "last": _local(due[-1], zone),
        "moved": [
            f"{wall:%m-%dT%H:%M} -> {_local(instant_of(wall, zone), zone)}" for wall in walls if _skipped(wall, zone)
        ],
        "first_of_two": [_local(instant_of(wall, zone), zone) for wall in walls if _repeated(wall, zone)],
        "sha256": hashlib.sha256(every.encode()).hexdigest(),
    }


def _skipped(wall: datetime, zone: str) -> bool:
    at = instant_of(wall, zone)
    return at + offset_at(at, zone) != wall


def _repeated(wall: datetime, zone: str) -> bool:
    return sum(period.start <= wall - period.offset < period.end for period in periods(zone)) > 1


def _local(at_utc: datetime, zone: str) -> str:
    return at_utc.replace(tzinfo=UTC).astimezone(_zone(zone)).isoformat(timespec="minutes")


def golden_lines() -> list[dict[str, Any]]:
    """What is kept."""
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


def write_golden_lines() -> None:
    """Keep what this implementation says now."""
    lines = [json.dumps(golden_line(cron, zone, due_times(cron, zone))) for cron, zone in cases()]
    GOLDEN.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden_lines()
