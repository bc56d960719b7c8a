"""The live view: what it shows in which size, in which order, and how often it asks."""

from collections import Counter
from io import StringIO
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from cli.top.ordering import next_order, ordered
from cli.top.pacing import Pacing
from cli.top.screen import Look, screen
from cli.top.snapshot import Snapshot
from cli.top.sources import SOURCES

NOW_MS = 1_795_545_600_000  # 2026-11-24T18:40:00Z
BUCKETS = {"metrics-fleet": 100, "metrics-robots": 100, "list": 100, "metrics-activity": 60}
"""Requests a minute, of the contract."""


def robot(number: int, **more: Any) -> dict[str, Any]:
    return {
        "robot_id": f"robot-{number:02}",
        "status": "idle",
        "environment": "default",
        "cpu_percent": 10.0 + number,
        "memory_mb": 512.0,
        "current_job": None,
        "active_jobs": 0,
        "jobs_completed_today": number,
        "jobs_failed_today": 0,
        "last_seen_at": "2026-11-24T18:39:58Z",
        **more,
    }


def job(number: int, **more: Any) -> dict[str, Any]:
    return {
        "job_id": f"018f0000-0000-7000-8000-{number:012}",
        "workflow_name": "Check invoices",
        "status": "running",
        "progress": 40,
        "robot_id": "robot-01",
        "current_node": "check_vat",
        "started_at": "2026-11-24T18:38:00Z",
        **more,
    }


def snapshot(**parts: Any) -> Snapshot:
    usual = {
        "fleet": {
            "total_robots": 30,
            "active_robots": 25,
            "idle_robots": 20,
            "busy_robots": 5,
            "offline_robots": 5,
            "active_jobs": 7,
            "queue_depth": 1234,
        },
        "robots": [robot(number) for number in range(30)],
        "running_jobs": {"jobs": [job(number) for number in range(10)], "total": 10},
        "recent": {"minutes": 5, "completed": 95, "failed": 4, "timed_out": 1},
        "activity": {
            "events": [
                {
                    "event_type": "job_completed",
                    "timestamp": "2026-11-24T18:39:57Z",
                    "data": {"job_id": "job-9", "workflow_name": "Check invoices"},
                }
            ]
        },
        "dead_letters": {"total": 3},
    }
    made = Snapshot("http://127.0.0.1:8000", "ada")
    for name, answer in {**usual, **parts}.items():
        made.answered(name, answer, NOW_MS)
    return made


def drawn(shown: Snapshot, look: Look | None = None, width: int = 80, height: int = 24) -> list[str]:
    """The lines of the screen."""
    console = Console(file=StringIO(), width=width, height=height, force_terminal=False, color_system=None)
    with console.capture() as captured:
        console.print(screen(shown, look or Look(), width=width, height=height, now_ms=NOW_MS))
    return captured.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (60, 12), (139, 30), (400, 100)])
def test_the_screen_fills_its_size_exactly(width: int, height: int) -> None:
    lines = drawn(snapshot(), width=width, height=height)
    assert len(lines) == height
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50)])
def test_the_figures_that_matter_are_on_it(width: int, height: int) -> None:
    text = "\n".join(drawn(snapshot(), width=width, height=height))
    for wanted in (
        *("robots 30 (20 idle, 5 busy, 5 offline)", "7 at work", "1234 waiting"),
        *("95 completed (19.0 a minute)", "5 failed (5.0 %)", "dead letters 3"),
        *("robot-00", "Check invoices", "40 %", "2 min 00 s", "job_completed", "18:39:57", "q quit"),
    ):
        assert wanted in text, wanted


def test_a_wide_screen_shows_more_of_each() -> None:
    narrow, wide = "\n".join(drawn(snapshot())), "\n".join(drawn(snapshot(), width=200, height=50))
    assert "ENVIRONMENT" in wide
    assert "ENVIRONMENT" not in narrow
    assert "018f0000-0000-7000-8000-000000000001" in wide
    assert "robot-29" in wide
    assert "robot-29" not in narrow


def test_a_server_without_an_answer_is_told_with_its_silence() -> None:
    shown = snapshot()
    shown.silent("Cannot reach the server.", NOW_MS - 65_000)
    shown.silent("Cannot reach the server.", NOW_MS)
    text = "\n".join(drawn(shown))
    assert "no answer for 65 s" in text
    assert "robot-00" in text
    shown.answered("fleet", {}, NOW_MS)
    assert "no answer" not in "\n".join(drawn(shown))


def test_nothing_known_yet_is_no_reason_to_fail() -> None:
    text = "\n".join(drawn(Snapshot("http://127.0.0.1:8000")))
    assert "robots - (- idle" in text


def test_names_cannot_steer_the_terminal() -> None:
    text = "\n".join(drawn(snapshot(robots=[robot(1, robot_id="\x1b[2Jevil\nrow")])))
    assert "\x1b[2J" not in text
    assert "\\x1b[2Jevil row" in text


def test_scrolling_stops_at_the_last_robot() -> None:
    look = Look(order="name", first_robot=1_000)
    text = "\n".join(drawn(snapshot(), look))
    assert "robot-29" in text
    assert 0 < look.first_robot < 30
    assert "of 30" in text


def test_robots_can_be_ordered_by_each_figure() -> None:
    robots = [
        robot(1, status="offline", cpu_percent=None),
        robot(2, status="busy", cpu_percent=90.0),
        robot(3, status="idle", cpu_percent=5.0),
    ]
    by_cpu = [each["robot_id"] for each in ordered(robots, "cpu")]
    by_status = [each["robot_id"] for each in ordered(robots, "status")]
    assert by_cpu == ["robot-02", "robot-03", "robot-01"]
    assert by_status == ["robot-02", "robot-03", "robot-01"]
    order, seen = "status", []
    for _ in range(6):
        seen.append(order)
        order = next_order(order)
    assert (order, len(set(seen))) == ("status", 6)


def test_half_of_each_limit_is_left_to_others() -> None:
    asked: Counter[str] = Counter()
    pacing, now = Pacing(), 0.0
    while now < 60:
        source = pacing.due(now)
        if source is None:
            now += max(0.01, pacing.seconds_until_next(now))
            continue
        asked[source.bucket] += source.calls
        pacing.answered(source, now)
    assert set(asked) == set(BUCKETS)
    for bucket, count in asked.items():
        assert count <= BUCKETS[bucket] / 2 + 5, f"{bucket}: the first look of all, and half of the limit"


def test_who_is_told_to_slow_down_waits_and_becomes_slower() -> None:
    pacing = Pacing()
    jobs = next(source for source in SOURCES if source.name == "running_jobs")
    pacing.refused(jobs, 0.0, retry_after_seconds=20)
    due_before = set()
    while (source := pacing.due(19.0)) is not None:
        due_before.add(source.bucket)
        pacing.answered(source, 100.0)
    assert "list" not in due_before
    pacing.answered(jobs, 200.0)
    assert pacing.due(200.0 + jobs.every_seconds) is not jobs


def test_after_silence_everything_is_asked_anew_in_a_moment() -> None:
    pacing = Pacing()
    pacing.silent(10.0)
    assert pacing.due(10.5) is None
    assert pacing.due(11.1) is not None
