"""Days. A workflow writes them in ISO 8601: `2026-03-31`."""

import re
from datetime import date, timedelta
from typing import Any

from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.expressions.functions.table import FunctionTable
from robot.values import kind_of

functions = FunctionTable()

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
        return date.fromisoformat(value.strip())
    raise ExpressionError(f"not a date: {value[:40]!r}" if isinstance(value, str) else f"{kind_of(value)} is no date")


@functions.register("date")
def to_date(_budget: Budget, value: Any, month: int | None = None, day: int | None = None) -> date:
    """Returns the day of `date('2026-03-31')` or `date(2026, 3, 31)`."""
    if month is None or day is None:
        return _day(value)
    return date(value, month, day)


@functions.register("is_date")
def is_date(_budget: Budget, value: Any) -> bool:
    """Returns whether date(value) would work."""
    try:
        _day(value)
    except (ExpressionError, ValueError):
        return False
    return True


@functions.register("days_between")
def days_between(_budget: Budget, start: Any, end: Any) -> int:
    """Returns the days from `start` to `end`, negative when `end` comes first."""
    return (_day(end) - _day(start)).days


@functions.register("add_days")
def add_days(_budget: Budget, day: Any, days: int) -> date:
    """Returns the day that many days later, or earlier when negative."""
    return _day(day) + timedelta(days=days)


@functions.register("year")
def year(_budget: Budget, day: Any) -> int:
    """Returns the year of the day."""
    return _day(day).year


@functions.register("month")
def month(_budget: Budget, day: Any) -> int:
    """Returns the month of the day, 1 to 12."""
    return _day(day).month


@functions.register("day")
def day_of_month(_budget: Budget, day: Any) -> int:
    """Returns the day of the month, 1 to 31."""
    return _day(day).day
