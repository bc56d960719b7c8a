"""What one field of a cron expression may say, and the numbers it stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.scheduler.domain.errors import InvalidCron

_VALUE = "[0-9]{1,2}|[A-Z]{3}"
_ITEM = re.compile(
    rf"(?:\*|(?P<low>{_VALUE})(?:-(?P<high>{_VALUE}))?)(?:/(?P<step>[0-9]{{1,2}}))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CronField:
    """A comma-separated list of `*`, `n`, `n-m`, each with an optional `/step`.

    `n/step` runs from `n` to the end of the field; `FRI-MON` and `22-2` wrap around.
    """

    label: str
    low: int
    high: int
    last: int
    """The largest distinct value: 6 for days of the week, where 7 is Sunday again; elsewhere `high`."""
    names: Mapping[str, int]

    def expand(self, text: str) -> str:
        """`*`, or the sorted list of numbers `text` stands for. Raises InvalidCron."""
        numbers: set[int] = set()
        for item in text.split(","):
            values = self._values(item)
            if values is None:
                return "*"
            numbers.update(map(self._distinct, values))
        return ",".join(map(str, sorted(numbers)))

    def _values(self, item: str) -> range | list[int] | None:
        """The numbers an item names; None for `*` and `*/1`, which do not restrict the field."""
        match = _ITEM.fullmatch(item)
        if match is None:
            raise self._refused("does not understand", item)
        step = None if match["step"] is None else int(match["step"])
        if step == 0:
            raise self._refused("cannot have a step of zero", item)
        if match["low"] is None:
            return None if step in (None, 1) else range(self.low, self.last + 1, step)
        low = self._number(match["low"], item)
        if match["high"] is not None:
            return self._range(low, self._number(match["high"], item), step, item)
        return [low] if step is None else range(self._distinct(low), self.last + 1, step)

    def _range(self, low: int, high: int, step: int | None, item: str) -> range | list[int]:
        if low <= high:
            return range(low, high + 1, step or 1)
        if step is not None:
            raise self._refused("cannot step through a range that wraps around", item)
        return [*range(low, self.last + 1), *range(self.low, high + 1)]

    def _number(self, text: str, item: str) -> int:
        number = int(text) if text.isdigit() else self.names.get(text.upper())
        if number is None:
            raise self._refused("does not understand", item)
        if not self.low <= number <= self.high:
            raise self._refused(f"takes {self.low} to {self.high}, not", item)
        return number

    def _distinct(self, number: int) -> int:
        return number if number <= self.last else self.low

    def _refused(self, why: str, item: str) -> InvalidCron:
        return InvalidCron(f"cron expression: {self.label} {why} {item!r}")


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

FIELDS: Final = (
    CronField("minute", 0, 59, 59, {}),
    CronField("hour", 0, 23, 23, {}),
    CronField("day of month", 1, 31, 31, {}),
    CronField("month", 1, 12, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    CronField("day of week", 0, 7, 6, {name: number for number, name in enumerate(_WEEKDAYS)}),
)
"""The five fields in their order (crontab(5))."""
