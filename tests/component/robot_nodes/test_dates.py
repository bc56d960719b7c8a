from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from robot.nodes import NODE_TYPES, NodeTable
from robot.nodes.dates import date_nodes
from tests.component.robot_nodes.steps import Steps


async def test_now_is_what_the_clock_says_in_the_zone_asked_for(tmp_path: Path) -> None:
    clock = date_nodes(lambda: datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    steps = Steps(tmp_path, types=NodeTable.of(NODE_TYPES, clock))
    assert (await steps.run("date.now"))["value"] == "2026-03-29T01:30:00+00:00"
    berlin = await steps.run("date.now", time_zone="Europe/Berlin")
    assert (berlin["value"], berlin["weekday"], berlin["timestamp"]) == ("2026-03-29T03:30:00+02:00", 7, 1774747800.0)


async def test_moments_are_parsed_and_written(steps: Steps) -> None:
    parsed = await steps.run("date.parse", text="31.03.2026 9:05", formats=["%Y-%m-%d", "%d.%m.%Y %H:%M"])
    assert (parsed["value"], parsed["date"], parsed["timestamp"]) == ("2026-03-31T09:05:00", "2026-03-31", None)
    assert (await steps.run("date.parse", text="2026-03-31"))["value"] == "2026-03-31"
    placed = await steps.run("date.parse", text="2026-07-01", time_zone="Asia/Tokyo")
    assert placed["value"] == "2026-07-01T00:00:00+09:00"
    written = await steps.run("date.format", value="2026-03-31T22:30:00Z", format="%d.%m.%Y", time_zone="Asia/Tokyo")
    assert written == {"text": "01.04.2026"}
    shown = await steps.run(
        "date.convert", value="2026-03-31T09:00", from_time_zone="America/New_York", time_zone="UTC"
    )
    assert shown["value"] == "2026-03-31T13:00:00+00:00"


@pytest.mark.parametrize(
    ("value", "config", "expected"),
    [
        ("2026-01-31", {"months": 1}, "2026-02-28"),
        ("2024-02-29", {"years": -1}, "2023-02-28"),
        ("2026-12-15", {"months": 1}, "2027-01-15"),
        ("9999-11-30", {"months": 1}, "9999-12-30"),
        ("2026-03-27", {"business_days": 1}, "2026-03-30"),
        ("2026-04-02", {"business_days": 1, "holidays": ["2026-04-03", "2026-04-06"]}, "2026-04-07"),
        ("2026-03-30", {"business_days": -1}, "2026-03-27"),
        ("2026-03-31", {"hours": 25}, "2026-04-01T01:00:00"),
        # Clocks go from 2 to 3 that night: a day later is the same hour, 24 hours later is not.
        ("2026-03-28T12:00:00", {"days": 1, "time_zone": "Europe/Berlin"}, "2026-03-29T12:00:00+02:00"),
        ("2026-03-28T12:00:00", {"hours": 24, "time_zone": "Europe/Berlin"}, "2026-03-29T13:00:00+02:00"),
        # Clocks go from 3 to 2 that night: the second of the hours from 2 to 3 stays the second.
        ("2026-10-25T02:30:00+01:00", {"time_zone": "Europe/Berlin"}, "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T02:30:00+01:00", {"hours": 1, "time_zone": "Europe/Berlin"}, "2026-10-25T03:30:00+01:00"),
    ],
)
async def test_time_is_added_by_the_calendar_or_the_clock(
    steps: Steps, value: str, config: dict[str, Any], expected: str
) -> None:
    assert (await steps.run("date.add", value=value, **config))["value"] == expected


async def test_the_time_between_two_moments(steps: Steps) -> None:
    days = await steps.run(
        "date.difference", start="2026-04-01", end="2026-04-13", holidays=["2026-04-03", "2026-04-06"]
    )
    assert (days["days"], days["whole_days"], days["business_days"]) == (12.0, 12, 6)
    back = await steps.run("date.difference", start="2026-04-13", end="2026-04-01")
    assert (back["seconds"], back["business_days"]) == (-12 * 86_400, -8)
    zones = await steps.run("date.difference", start="2026-03-29T00:00+01:00", end="2026-03-29T04:00+02:00")
    assert zones["hours"] == 3.0
    assert await steps.run("date.is_business_day", value="2026-04-06", holidays=["2026-04-06"]) == {"result": False}
    assert await steps.run("date.is_business_day", value="2026-04-07") == {"result": True}


@pytest.mark.parametrize(
    ("node_type", "config"),
    [
        ("date.parse", {"text": "31.3.26"}),
        ("date.parse", {"text": "x", "formats": ["%Q", "%Y"]}),
        ("date.parse", {"text": "2026", "formats": 5}),
        ("date.now", {"time_zone": "Mars/Olympus"}),
        ("date.now", {"time_zone": "../../etc/passwd"}),
        ("date.add", {"value": "9999-12-31", "days": 1}),
        ("date.add", {"value": "2026-01-01", "days": 0.5}),
        ("date.add", {"value": "2026-01-01", "business_days": 1_000_000}),
        ("date.add", {"value": "2026-01-01", "years": -3_000}),
        ("date.add", {"value": 5}),
        ("date.add", {"value": "0001-01-01T00:00Z", "time_zone": "America/New_York"}),
        ("date.format", {"value": "9999-12-31T23:59Z", "time_zone": "Asia/Tokyo"}),
        ("date.convert", {"value": "9999-12-31T23:59Z", "time_zone": "Asia/Tokyo"}),
        ("date.convert", {"value": "2026-01-01"}),
        ("date.convert", {"value": "2026-01-01", "time_zone": "UTC"}),
        ("date.difference", {"start": "2026-01-01", "end": "2026-01-01T00:00Z"}),
        ("date.is_business_day", {"value": "2026-01-01", "holidays": "2026-01-01"}),
    ],
)
async def test_what_is_no_moment_is_told(steps: Steps, node_type: str, config: dict[str, Any]) -> None:
    assert await steps.refused(node_type, **config) == "INVALID_CONFIG"
