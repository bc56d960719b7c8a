"""`next_due` against a scan that looks at the local clock minute by minute and knows nothing of offsets or croniter."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.domain.next_due import due_times, due_until, next_due

MINUTE = timedelta(minutes=1)
MINUTE_MS = 60_000
WINDOW_MINUTES = 2 * 24 * 60
LONGEST_TRANSITION_MINUTES = 24 * 60

TRANSITIONS = [
    ("Europe/Berlin", "2025-03-30"),
    ("Europe/Berlin", "2025-10-26"),
    ("America/New_York", "2024-03-10"),
    ("America/New_York", "2024-11-03"),
    ("Australia/Lord_Howe", "2025-04-06"),
    ("Australia/Lord_Howe", "2025-10-05"),
    ("Asia/Kathmandu", "1986-01-01"),  # a quarter of an hour forward, for good
    ("Europe/Dublin", "2025-03-30"),  # winter time is the exception there
    ("Africa/Casablanca", "2025-02-23"),
    ("Pacific/Apia", "2011-12-30"),  # a day skipped
    ("Antarctica/Casey", "2010-03-05"),  # three hours back
    ("America/Santiago", "2025-09-07"),  # midnight does not exist
    ("America/Havana", "2025-11-02"),  # midnight to one happens twice
]


@dataclass(frozen=True)
class Expression:
    """A cron text and, beside it, the values of each field that it stands for (None: any)."""

    text: str
    allowed: tuple[frozenset[int] | None, ...]

    def matches(self, wall: datetime) -> bool:
        minute, hour, day, month, weekday = self.allowed
        day_matches = day is None or wall.day in day
        weekday_matches = weekday is None or wall.isoweekday() % 7 in weekday
        both_restricted = day is not None and weekday is not None
        return (
            (minute is None or wall.minute in minute)
            and (hour is None or wall.hour in hour)
            and (month is None or wall.month in month)
            and ((day_matches or weekday_matches) if both_restricted else (day_matches and weekday_matches))
        )


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> tuple[str, frozenset[int] | None]:
    kind = draw(st.sampled_from(["any", "any", "list", "range", "step"]))
    if kind == "any":
        return "*", None
    if kind == "step":
        step = draw(st.integers(2, high))
        return f"*/{step}", frozenset(range(low, high + 1, step))
    numbers = sorted(draw(st.sets(st.integers(low, high), min_size=1, max_size=4)))
    if kind == "range":
        return f"{numbers[0]}-{numbers[-1]}", frozenset(range(numbers[0], numbers[-1] + 1))
    return ",".join(map(str, numbers)), frozenset(numbers)


@st.composite
def expressions(draw: st.DrawFn) -> Expression:
    bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
    # Months are left open most of the time: a window of days seldom meets one that is named.
    drawn = [draw(fields(low, high)) for low, high in bounds[:3]]
    drawn.append(draw(st.just(("*", None)) | st.just(("*", None)) | fields(1, 12)))
    drawn.append(draw(fields(0, 6)))
    return Expression(" ".join(text for text, _ in drawn), tuple(allowed for _, allowed in drawn))


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, int]:
    """A zone, and the start (epoch ms) of a window anywhere, or one that starts or ends near a transition."""
    zone, day = draw(st.sampled_from(TRANSITIONS))
    transition_ms = int(datetime.fromisoformat(f"{day}T00:00+00:00").timestamp()) * 1000
    anywhere = st.integers(0, 60 * 365 * 24 * 60).map(lambda minutes: 160_000_000_000 + minutes * MINUTE_MS)
    near = st.integers(-36 * 60, 36 * 60).map(lambda minutes: transition_ms + minutes * MINUTE_MS)
    ends_near = near.map(lambda at_ms: at_ms - WINDOW_MINUTES * MINUTE_MS)
    return zone, draw(near | ends_near | anywhere) + draw(st.sampled_from([0, 1, 59_999]))


def wall_clock(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).replace(tzinfo=None)


def scan(expression: Expression, zone: ZoneInfo, after_ms: int) -> list[int]:
    """Minutes of the window at which the clock first shows, or steps over, a matching time it has not shown before."""
    first_minute = after_ms // MINUTE_MS + 1
    shown = max(
        wall_clock(minute * MINUTE_MS, zone)
        for minute in range(first_minute - LONGEST_TRANSITION_MINUTES, first_minute)
    )
    due = []
    for minute in range(first_minute, first_minute + WINDOW_MINUTES):
        now = wall_clock(minute * MINUTE_MS, zone)
        steps = (now - shown) // MINUTE
        if any(expression.matches(shown + step * MINUTE) for step in range(1, steps + 1)):
            due.append(minute * MINUTE_MS)
        shown = max(shown, now)
    return due


@settings(max_examples=80, deadline=None)
@given(expressions(), windows())
def test_due_times_are_those_a_minute_scan_finds(expression: Expression, window: tuple[str, int]) -> None:
    zone, after_ms = window
    until_ms = (after_ms // MINUTE_MS + WINDOW_MINUTES) * MINUTE_MS
    expected = scan(expression, ZoneInfo(zone), after_ms)
    assert due_times(expression.text, zone, after_ms, until_ms, limit=WINDOW_MINUTES) == expected

    following = next_due(expression.text, zone, after_ms)
    if expected:
        assert following == expected[0]
    else:
        assert following is None or following > until_ms

    backwards = takewhile(lambda due_ms: due_ms > after_ms, due_until(expression.text, zone, until_ms))
    assert list(backwards) == expected[::-1]


@settings(max_examples=80, deadline=None)
@given(expressions(), windows())
def test_due_times_rise_strictly_and_are_whole_local_minutes(expression: Expression, window: tuple[str, int]) -> None:
    zone, at_ms = window
    for _ in range(20):
        following = next_due(expression.text, zone, at_ms)
        if following is None:
            return
        assert following > at_ms
        assert wall_clock(following, ZoneInfo(zone)).second == following % 1000 == 0
        at_ms = following


@pytest.mark.parametrize(
    ("after", "due"), [("2025-03-29T12:00Z", "2025-03-30T01:00Z"), ("2025-10-25T12:00Z", "2025-10-26T00:30Z")]
)
def test_the_scan_itself_finds_what_the_contract_says(after: str, due: str) -> None:
    half_past_two = Expression("30 2 * * *", (frozenset({30}), frozenset({2}), None, None, None))
    after_ms, due_ms = (int(datetime.fromisoformat(text).timestamp()) * 1000 for text in (after, due))
    assert scan(half_past_two, ZoneInfo("Europe/Berlin"), after_ms)[0] == due_ms
