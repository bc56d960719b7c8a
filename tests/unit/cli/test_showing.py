"""How values, times and records are shown."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cli.failures import UsageProblem
from cli.output import printable
from cli.times import age, duration, moment, moment_after, moment_before, moment_in, seconds_in
from cli.views.records import as_records

NOW_MS = 1_764_000_000_000  # 2025-11-24T16:00:00Z


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        (True, "true"),
        (0, "0"),
        ("Zürich → 東京", "Zürich → 東京"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\x07\x9b", "a\\rb\\x07\\x9b"),
        ("a\u202eb", "a\\u202eb"),
        ("tab\tline\n", "tab\tline\n"),
    ],
)
def test_nothing_shown_can_steer_a_terminal(value: object, shown: str) -> None:
    assert printable(value) == shown


@pytest.mark.parametrize(
    ("iso", "shown", "old"),
    [
        ("2025-11-24T15:59:30Z", "2025-11-24 15:59:30Z", "30 s"),
        ("2025-11-24T16:55:00.123+01:00", "2025-11-24 15:55:00Z", "4 min"),
        ("2025-11-24T13:00:00", "2025-11-24 13:00:00Z", "3 h"),
        ("2025-11-20T13:00:00Z", "2025-11-20 13:00:00Z", "4 d"),
        ("2025-11-24T16:00:09Z", "2025-11-24 16:00:09Z", "0 s"),
        ("yesterday", "yesterday", None),
        (None, None, None),
        (12, "12", None),
    ],
)
def test_a_moment_is_shown_in_utc_and_its_age_in_its_largest_unit(
    iso: object, shown: str | None, old: str | None
) -> None:
    assert moment(iso) == shown
    assert age(iso, NOW_MS) == old


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (59_900, "59.9 s"), (3_725_000, "62 min 05 s"), ("x", None)],
)
def test_a_duration_is_as_exact_as_matters(milliseconds: object, shown: str | None) -> None:
    assert duration(milliseconds) == shown


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("90s", 90), ("10 min", 600), ("10m", 600), ("24H", 86_400), ("2w", 1_209_600)],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: int) -> None:
    assert seconds_in(text, "--x") == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "1y", "1.5h", "h", "9" * 20])
def test_no_other_duration_is_guessed(text: str) -> None:
    with pytest.raises(UsageProblem, match="not a duration"):
        seconds_in(text, "--x")


def test_a_moment_is_an_age_or_a_time() -> None:
    assert moment_before("10m", NOW_MS, "--since").isoformat() == "2025-11-24T15:50:00+00:00"
    assert moment_before("2025-11-24T16:00:00+01:00", NOW_MS, "--since").isoformat() == "2025-11-24T15:00:00+00:00"
    assert moment_after("2h", NOW_MS, "--at") == "2025-11-24T18:00:00Z"
    assert moment_after("2025-11-24T16:00:00+01:00", NOW_MS, "--at") == "2025-11-24T15:00:00Z"
    for read in (moment_before, moment_after):
        with pytest.raises(UsageProblem, match="neither a time nor"):
            read("tomorrow", NOW_MS, "--x")


def test_a_moment_is_told_by_the_clock_of_a_zone() -> None:
    assert moment_in("2025-11-24T15:50:00Z", ZoneInfo("Europe/Berlin")) == "Mon 2025-11-24 16:50 CET"
    assert moment_in(None, None) is None
    assert moment_in("later", None) == "later"


def test_a_list_of_flat_objects_is_a_table() -> None:
    records = as_records([{"a": 1, "b": 2}, {"a": 3, "c": 4}])

    assert records is not None
    assert records.titles == ["a", "b", "c"]
    assert records.rows == [[1, 2, None], [3, None, 4]]


def test_flat_objects_under_keys_are_a_table_with_the_keys_in_front() -> None:
    records = as_records({"x": {"EUR": {"n": 1}, "CHF": {"n": 2}}, "y": {"EUR": {"n": 3}}})

    assert records is not None
    assert records.titles == ["", "", "n"]
    assert records.rows == [["x", "EUR", 1], ["x", "CHF", 2], ["y", "EUR", 3]]


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"leaf": 1}
    for _ in range(depth):
        value = {"k": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        5,
        [1, 2],
        [{"a": [1]}],
        [{"a": 1}, 2],
        {"a": {"b": 1}, "c": 2},
        {"a": {"b": 1}, "c": {"d": {"e": 1}}},
        {"a": [{"b": 1}]},
        [{str(number): number for number in range(11)}],
        nested(500),
    ],
)
def test_any_other_shape_is_no_table(value: object) -> None:
    assert as_records(value) is None
