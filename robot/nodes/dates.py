"""Nodes for dates and times.

A moment is a text in ISO 8601: `2026-03-31` (a day), `2026-03-31T09:00:00` (by a wall clock, nobody says where) or
`2026-03-31T09:00:00+02:00` (a moment in the world). `time_zone` is a name like `Europe/Berlin`. A setting that is no
moment, format or zone is INVALID_CONFIG.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from robot.errors import InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome
from robot.values import kind_of

Clock = Callable[[], datetime]

MAX_FORMAT = 200
MAX_STEPS = 1_000_000
MAX_BUSINESS_DAYS = 100_000
SATURDAY = 5
OUTSIDE = "this is outside the years 1 to 9999"
_UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def system_clock() -> datetime:
    """Returns this moment, in UTC."""
    return datetime.now(UTC)


def date_nodes(clock: Clock) -> NodeTable:
    """Returns the nodes, with the clock that `date.now` asks."""
    table = NodeTable.of(_nodes)

    @table.register("date.now")
    async def now(context: NodeContext) -> Outcome:
        """Tells what time it is in `time_zone` (UTC). Outputs as of `date.parse`."""
        return _told(clock().astimezone(_zone(context) or UTC))

    return table


_nodes = NodeTable()


@_nodes.register("date.parse")
async def parse(context: NodeContext) -> Outcome:
    """Reads the moment in `text` by the first of `formats` that fits (`%d.%m.%Y`, as strptime has them; without: ISO).

    `time_zone` says where its wall clock hangs when the text does not. Outputs `value` (ISO 8601), `date`, `time`,
    `year`, `month`, `day`, `weekday` (1 is Monday), `week` (ISO) and, where a zone is known, `timestamp` (seconds).
    """
    text, formats, zone = context.text("text").strip(), context.value("formats", []), _zone(context)
    formats = [formats] if isinstance(formats, str) else formats
    if not isinstance(formats, list) or not all(isinstance(each, str) for each in formats) or len(formats) > 50:
        raise InvalidConfig("`formats` is a format or a list of them")
    moment = _by_format(text, formats) if formats else _moment(text, "text")
    return _told(_placed(moment, zone), is_day=not formats and _is_day(text))


def _by_format(text: str, formats: list[str]) -> datetime:
    for each in formats:
        try:
            # A wall clock's time, until a zone is known to it.
            return datetime.strptime(text[:MAX_FORMAT], each[:MAX_FORMAT])  # noqa: DTZ007
        except (ValueError, OverflowError, IndexError):
            continue
        except Exception as error:  # a format may become a pattern that is none
            raise InvalidConfig("a format of `formats` is none") from error
    raise InvalidConfig(f"`text` fits none of the {len(formats)} formats")


@_nodes.register("date.format")
async def write(context: NodeContext) -> Outcome:
    """Writes the moment `value` by `format` (`%Y-%m-%d`, as strftime has them), in `time_zone` when given.

    Outputs `text`.
    """
    moment, form = _shown_in(_of(context, "value"), _zone(context)), context.text("format", "%Y-%m-%d")
    if len(form) > MAX_FORMAT:
        raise InvalidConfig(f"`format` has at most {MAX_FORMAT} characters")
    try:
        return Outcome({"text": moment.strftime(form)})
    except (ValueError, UnicodeError) as error:
        raise InvalidConfig("`format` is none") from error


@_nodes.register("date.convert")
async def convert(context: NodeContext) -> Outcome:
    """Tells what a clock in `time_zone` shows at the moment `value`. Outputs as of `date.parse`.

    A moment without a zone is taken to be in `from_time_zone`; without that it is INVALID_CONFIG.
    """
    zone = _zone(context)
    if zone is None:
        raise InvalidConfig("`time_zone` is missing")
    moment = _placed(_of(context, "value"), _zone(context, "from_time_zone"))
    if moment.tzinfo is None:
        raise InvalidConfig("`value` has no time zone; say by `from_time_zone` where its clock hangs")
    return _told(_at(moment, zone))


@_nodes.register("date.add")
async def add(context: NodeContext) -> Outcome:
    """Adds to the moment `value`: `years`, `months`, `weeks`, `days`, `business_days`, `hours`, `minutes`, `seconds`.

    Each may be negative. The larger ones go by the calendar (a month after 31 January is the last of February; a day
    later is the same time of day, also across a change of clocks, in `time_zone` when given), hours and less by elapsed
    time. Business days are Monday to Friday but for `holidays`, a list of days. Outputs as of `date.parse`.
    """
    is_day = _is_day(context.value("value"))
    moment = _shown_in(_of(context, "value"), _zone(context))
    try:
        moment = _months_later(moment, 12 * _whole(context, "years") + _whole(context, "months"))
        days = 7 * _whole(context, "weeks") + _whole(context, "days")
        # Adding no day would take the second of two hours of the same name for the first.
        moment = moment + timedelta(days=days) if days else moment
        moment = _business_days_later(moment, _whole(context, "business_days"), _holidays(context))
        elapsed = timedelta(**{unit: _whole(context, unit) for unit in ("hours", "minutes", "seconds")})
        moment = _elapsed_later(moment, elapsed) if elapsed else moment
    except (OverflowError, ValueError) as error:
        raise InvalidConfig(OUTSIDE) from error
    return _told(moment, is_day=is_day and not elapsed)


@_nodes.register("date.difference")
async def difference(context: NodeContext) -> Outcome:
    """Tells how long it is from `start` to `end`, negative when `end` comes first.

    Outputs `seconds`, `minutes`, `hours`, `days`, `weeks` (numbers with a fraction), `whole_days` between the two days
    of the calendar, and `business_days`: those from the day of `start`, counted, to that of `end`, not counted, without
    weekends and `holidays`. Two moments of which only one has a time zone cannot be compared: INVALID_CONFIG.
    """
    start, end = _of(context, "start"), _of(context, "end")
    if (start.tzinfo is None) != (end.tzinfo is None):
        raise InvalidConfig("only one of `start` and `end` has a time zone")
    seconds = (end - start).total_seconds() if start.tzinfo is None else end.timestamp() - start.timestamp()
    lengths = {unit: seconds / length for unit, length in _UNITS.items()}
    first, last = start.date(), end.date()
    whole = {"whole_days": (last - first).days, "business_days": _business_days(first, last, _holidays(context))}
    return Outcome({**lengths, **whole})


@_nodes.register("date.is_business_day")
async def is_business_day(context: NodeContext) -> Outcome:
    """Tells whether the day of `value` is Monday to Friday and not in `holidays`. Outputs `result`."""
    return Outcome({"result": _is_business_day(_of(context, "value").date(), _holidays(context))})


def _zone(context: NodeContext, name: str = "time_zone") -> ZoneInfo | None:
    if context.value(name) is None:
        return None
    try:
        return ZoneInfo(context.text(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidConfig(f"`{name}` is not a time zone; write it like Europe/Berlin") from error


def _of(context: NodeContext, name: str) -> datetime:
    return _moment(context.value(name), name)


def _is_day(value: Any) -> bool:
    return (isinstance(value, str) and len(value.strip()) == len("2026-03-31")) or (
        isinstance(value, date) and not isinstance(value, datetime)
    )


def _moment(value: Any, name: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise InvalidConfig(f"`{name}` is not a moment in ISO 8601, like 2026-03-31T09:00:00Z") from error
    raise InvalidConfig(f"`{name}` has to be a moment in ISO 8601, not {kind_of(value)}")


def _placed(moment: datetime, zone: ZoneInfo | None) -> datetime:
    return moment.replace(tzinfo=zone) if moment.tzinfo is None and zone is not None else moment


def _shown_in(moment: datetime, zone: ZoneInfo | None) -> datetime:
    if zone is None:
        return moment
    return _at(moment, zone) if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _at(moment: datetime, zone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError as error:
        raise InvalidConfig(OUTSIDE) from error


def _told(moment: datetime, *, is_day: bool = False) -> Outcome:
    iso = moment.isocalendar()
    return Outcome(
        {
            "value": moment.date().isoformat() if is_day and moment.tzinfo is None else moment.isoformat(),
            "date": moment.date().isoformat(),
            "time": moment.time().isoformat(),
            "year": moment.year,
            "month": moment.month,
            "day": moment.day,
            "weekday": iso.weekday,
            "week": iso.week,
            "timestamp": None if moment.tzinfo is None else moment.timestamp(),
        }
    )


def _whole(context: NodeContext, name: str) -> int:
    number = context.number(name, 0, least=-MAX_STEPS, most=MAX_STEPS)
    if number != int(number):
        raise InvalidConfig(f"`{name}` has to be a whole number")
    return int(number)


def _months_later(moment: datetime, months: int) -> datetime:
    if months == 0:
        return moment
    years, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    following = date(years + (month == 11), (month + 1) % 12 + 1, 1) if years < 9_999 or month < 11 else None
    last_day = (following - timedelta(days=1)).day if following else 31
    return moment.replace(year=years, month=month + 1, day=min(moment.day, last_day))


def _elapsed_later(moment: datetime, elapsed: timedelta) -> datetime:
    if moment.tzinfo is None:
        return moment + elapsed
    return (moment.astimezone(UTC) + elapsed).astimezone(moment.tzinfo)


def _holidays(context: NodeContext) -> frozenset[date]:
    days = context.value("holidays", [])
    if not isinstance(days, list) or len(days) > 10_000:
        raise InvalidConfig("`holidays` is a list of days")
    return frozenset(_moment(day, "holidays").date() for day in days)


def _is_business_day(day: date, holidays: frozenset[date]) -> bool:
    return day.weekday() < SATURDAY and day not in holidays


def _business_days_later(moment: datetime, days: int, holidays: frozenset[date]) -> datetime:
    if abs(days) > MAX_BUSINESS_DAYS:
        raise InvalidConfig(f"`business_days` is at most {MAX_BUSINESS_DAYS:,}")
    step = timedelta(days=1 if days > 0 else -1)
    left = abs(days)
    while left:
        moment += step
        left -= _is_business_day(moment.date(), holidays)
    return moment


def _business_days(first: date, last: date, holidays: frozenset[date]) -> int:
    if last < first:
        return -_business_days(last, first, holidays)
    weeks, rest = divmod((last - first).days, 7)
    days = 5 * weeks + sum((first + timedelta(days=extra)).weekday() < SATURDAY for extra in range(rest))
    return days - sum(first <= day < last and day.weekday() < SATURDAY for day in holidays)


nodes = date_nodes(system_clock)
