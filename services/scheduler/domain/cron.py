"""Cron expressions (contract clarifications 17) and the wall-clock times they name, without any time zone.

Five fields as in crontab(5), or an alias. When both day fields are restricted, a day that matches either is due, as in
crontab(5). Extensions whose meaning differs between implementations (`L`, `W`, `#`, `?`, `H`, `R`, seconds, years,
`@reboot`) are refused rather than guessed. croniter searches the calendar; it only ever sees lists of numbers, so that
its own dialect decides nothing (it reads `5-5` as `*`, and draws `R` at random at each parse).
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from croniter import CroniterBadDateError, croniter

from services.scheduler.domain.cron_fields import FIELDS
from services.scheduler.domain.errors import InvalidCron

MAX_LENGTH: Final = 255
"""Characters of an expression; a minute field that lists all sixty minutes takes 169."""

LONGEST_GAP_YEARS: Final = 8
"""No expression that ever fires is silent for longer: 29 February 2096 is followed by the one of 2104."""

ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_ANY_YEAR = datetime(2000, 1, 1)  # noqa: DTZ001 - wall-clock time, valid in every zone
_SEPARATOR = re.compile("[ \t]+")


@lru_cache(maxsize=4096)
def parse_cron(expression: str) -> str:
    """The expression as five fields of numbers, names and aliases resolved. Raises InvalidCron, naming the part."""
    if len(expression) > MAX_LENGTH:
        raise InvalidCron(f"cron expression: longer than {MAX_LENGTH} characters")
    text = expression.strip(" \t")
    if text.startswith("@"):
        text = _resolve_alias(text)
    texts = _SEPARATOR.split(text)
    if len(texts) != len(FIELDS):
        raise InvalidCron(f"cron expression: needs exactly five fields, has {len(texts) if text else 0}")
    return " ".join(field.expand(text) for field, text in zip(FIELDS, texts, strict=True))


def validate_cron(expression: str) -> None:
    """Raises InvalidCron unless the expression is well formed and fires at all: `0 0 31 2 *` never does."""
    if next(wall_times_after(expression, _ANY_YEAR), None) is None:
        raise InvalidCron(f"cron expression: {expression!r} never fires, its day of month is in none of its months")


def wall_times_after(expression: str, wall: datetime) -> Iterator[datetime]:
    """Matching wall-clock minutes later than `wall` (naive), ascending; none when none comes in eight years."""
    search = _search(expression, wall.replace(second=0, microsecond=0))
    try:
        while True:
            yield search.get_next(datetime)
    except CroniterBadDateError:
        return


def wall_times_until(expression: str, wall: datetime) -> Iterator[datetime]:
    """Matching wall-clock minutes not later than `wall` (naive), descending; ends as `wall_times_after` does."""
    search = _search(expression, wall.replace(second=0, microsecond=0) + timedelta(minutes=1))
    try:
        while True:
            yield search.get_prev(datetime)
    except CroniterBadDateError:
        return


def _search(expression: str, start: datetime) -> "croniter[datetime]":
    return croniter(parse_cron(expression), start, ret_type=datetime, max_years_between_matches=LONGEST_GAP_YEARS)


def _resolve_alias(text: str) -> str:
    try:
        return ALIASES[text.lower()]
    except KeyError:
        known = ", ".join(ALIASES)
        raise InvalidCron(f"cron expression: {text!r} is not one of {known}") from None
