from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.scheduler.domain.errors import InvalidCron, InvalidTimezone
from services.scheduler.domain.next_due import END_OF_TIME_MS, due_times, due_until, next_due
from services.scheduler.domain.time_zones import zone_names
from shared.kernel.errors import Invalid


def ms(iso: str) -> int:
    """Epoch milliseconds of an ISO time with an offset."""
    return round(datetime.fromisoformat(iso).timestamp() * 1000)


def local(at_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).isoformat(timespec="minutes")


SPRING_FORWARD = [
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2025-03-29T00:00+01:00",
        ["2025-03-29T02:30+01:00", "2025-03-30T03:00+02:00", "2025-03-31T02:30+02:00"],
    ),
    (
        "30 2 * * *",
        "America/New_York",
        "2025-03-08T00:00-05:00",
        ["2025-03-08T02:30-05:00", "2025-03-09T03:00-04:00", "2025-03-10T02:30-04:00"],
    ),
    (
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2025-10-04T00:00+10:30",
        ["2025-10-04T02:15+10:30", "2025-10-05T02:30+11:00", "2025-10-06T02:15+11:00"],
    ),
    (
        "*/30 * * * *",
        "Europe/Berlin",
        "2025-03-30T01:00+01:00",
        ["2025-03-30T01:30+01:00", "2025-03-30T03:00+02:00", "2025-03-30T03:30+02:00", "2025-03-30T04:00+02:00"],
    ),
    (
        "0 * * * *",
        "Europe/Berlin",
        "2025-03-30T00:00+01:00",
        ["2025-03-30T01:00+01:00", "2025-03-30T03:00+02:00", "2025-03-30T04:00+02:00"],
    ),
    (
        "0 9 * * *",
        "Pacific/Apia",  # the whole 30 December 2011 was skipped
        "2011-12-29T00:00-10:00",
        ["2011-12-29T09:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"],
    ),
]

FALL_BACK = [
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2025-10-25T00:00+02:00",
        ["2025-10-25T02:30+02:00", "2025-10-26T02:30+02:00", "2025-10-27T02:30+01:00"],
    ),
    (
        "30 1 * * *",
        "America/New_York",
        "2025-11-01T00:00-04:00",
        ["2025-11-01T01:30-04:00", "2025-11-02T01:30-04:00", "2025-11-03T01:30-05:00"],
    ),
    (
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2025-04-05T00:00+11:00",
        ["2025-04-05T01:45+11:00", "2025-04-06T01:45+11:00", "2025-04-07T01:45+10:30"],
    ),
    (
        "*/30 * * * *",
        "Europe/Berlin",
        "2025-10-26T01:30+02:00",
        ["2025-10-26T02:00+02:00", "2025-10-26T02:30+02:00", "2025-10-26T03:00+01:00", "2025-10-26T03:30+01:00"],
    ),
    (
        "0 3 * * *",
        "Europe/Berlin",
        "2025-10-26T02:59+02:00",
        ["2025-10-26T03:00+01:00", "2025-10-27T03:00+01:00"],
    ),
    (
        "* * * * *",
        "Europe/Berlin",
        "2025-10-26T02:30+01:00",  # within the second run of the hour
        ["2025-10-26T03:00+01:00", "2025-10-26T03:01+01:00"],
    ),
]

CALENDAR = [
    (
        "0 0 29 2 *",
        "UTC",
        "2023-01-01T00:00+00:00",
        ["2024-02-29T00:00+00:00", "2028-02-29T00:00+00:00", "2032-02-29T00:00+00:00"],
    ),
    ("0 0 29 2 *", "UTC", "2096-03-01T00:00+00:00", ["2104-02-29T00:00+00:00"]),
    ("59 23 31 12 *", "Asia/Kathmandu", "2025-01-01T00:00+05:45", ["2025-12-31T23:59+05:45"]),
    ("0 0 1 1 *", "UTC", "2025-12-31T23:59:59.999+00:00", ["2026-01-01T00:00+00:00", "2027-01-01T00:00+00:00"]),
    ("0 9 * * *", "Asia/Kathmandu", "2025-06-01T03:14:59+00:00", ["2025-06-01T09:00+05:45"]),
    ("0 9 * * *", "Asia/Kathmandu", "2025-06-01T03:15:00+00:00", ["2025-06-02T09:00+05:45"]),
    ("0 9 * * MON-FRI", "UTC", "2025-01-17T09:00+00:00", ["2025-01-20T09:00+00:00", "2025-01-21T09:00+00:00"]),
    ("0 0 * * 0", "UTC", "2025-01-15T00:00+00:00", ["2025-01-19T00:00+00:00", "2025-01-26T00:00+00:00"]),
    ("0 0 * * 7", "UTC", "2025-01-15T00:00+00:00", ["2025-01-19T00:00+00:00", "2025-01-26T00:00+00:00"]),
    ("@weekly", "UTC", "2025-01-15T00:00+00:00", ["2025-01-19T00:00+00:00"]),
    ("0 0 31 * *", "UTC", "2025-01-31T00:00+00:00", ["2025-03-31T00:00+00:00", "2025-05-31T00:00+00:00"]),
    ("0 0 13 * FRI", "UTC", "2025-06-12T00:00+00:00", ["2025-06-13T00:00+00:00", "2025-06-20T00:00+00:00"]),
    ("*/7 * * * *", "UTC", "2025-01-01T00:49+00:00", ["2025-01-01T00:56+00:00", "2025-01-01T01:00+00:00"]),
    ("0 0 1 */5 *", "UTC", "2025-01-01T00:00+00:00", ["2025-06-01T00:00+00:00", "2025-11-01T00:00+00:00"]),
]


@pytest.mark.parametrize(("cron", "zone", "after", "expected"), SPRING_FORWARD + FALL_BACK + CALENDAR)
def test_due_times_are_these(cron: str, zone: str, after: str, expected: list[str]) -> None:
    due = due_times(cron, zone, ms(after), END_OF_TIME_MS, limit=len(expected))
    assert [local(due_ms, zone) for due_ms in due] == expected
    assert due == [ms(text) for text in expected]


def test_a_due_time_is_not_due_again_at_the_very_same_millisecond() -> None:
    due = ms("2025-01-16T09:00+00:00")
    assert next_due("0 9 * * *", "UTC", due - 1) == due
    assert next_due("0 9 * * *", "UTC", due) == ms("2025-01-17T09:00+00:00")


def test_due_times_end_with_the_window_inclusive_and_with_the_limit() -> None:
    start, end = ms("2025-01-01T00:00+00:00"), ms("2025-01-01T03:00+00:00")
    hours = [ms(f"2025-01-01T0{hour}:00+00:00") for hour in (1, 2, 3)]
    assert due_times("@hourly", "UTC", start, end, limit=10) == hours
    assert due_times("@hourly", "UTC", start, end, limit=2) == hours[:2]
    assert due_times("@hourly", "UTC", end, start, limit=10) == []


def test_looking_back_from_the_second_run_of_an_hour_finds_what_was_due_in_the_first() -> None:
    due = due_until("30 2 * * *", "Europe/Berlin", ms("2025-10-26T02:10+01:00"))
    assert [next(due), next(due)] == [ms("2025-10-26T02:30+02:00"), ms("2025-10-25T02:30+02:00")]


def test_an_impossible_date_is_never_due() -> None:
    assert next_due("0 0 31 2 *", "Europe/Berlin", 0) is None


@pytest.mark.parametrize("after_ms", [END_OF_TIME_MS, 10**30])
def test_nothing_is_due_after_the_end_of_time(after_ms: int) -> None:
    assert next_due("* * * * *", "Europe/Berlin", after_ms) is None


def test_nothing_is_due_before_1970() -> None:
    assert next_due("* * * * *", "UTC", -(10**30)) == 0
    assert list(due_until("0 * * * *", "UTC", ms("1970-01-01T01:30+00:00"))) == [3_600_000, 0]
    assert list(due_until("* * * * *", "UTC", -(10**30))) == []


def test_a_gap_that_ends_within_a_minute_is_left_at_the_next_whole_one() -> None:
    # Liberia's clocks went from -00:44:30 to 0 at midnight: 00:00 became 00:44:30.
    assert next_due("0 0 * * *", "Africa/Monrovia", ms("1972-01-06T12:00+00:00")) == ms("1972-01-07T00:45+00:00")


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "Mars/Olympus",
        "europe/berlin",
        "Europe",
        "../../etc/passwd",
        "/etc/localtime",
        "right/UTC",
        "A\0",
        "x" * 9999,
    ],
)
def test_anything_but_an_iana_name_is_refused(zone: str) -> None:
    with pytest.raises(InvalidTimezone) as refusal:
        next_due("* * * * *", zone, 0)
    assert isinstance(refusal.value, Invalid)
    assert len(refusal.value.detail) < 200


def test_a_bad_expression_is_refused() -> None:
    with pytest.raises(InvalidCron):
        next_due("* * * *", "UTC", 0)


def test_every_iana_zone_has_a_next_due_time() -> None:
    now = ms("2025-06-15T00:00+00:00")
    assert len(zone_names()) > 400
    for zone in zone_names():
        due = next_due("30 4 * * *", zone, now)
        assert due is not None
        assert datetime.fromtimestamp(due / 1000, UTC).astimezone(ZoneInfo(zone)).strftime("%H:%M") == "04:30", zone
