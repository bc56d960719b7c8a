"""Robots and the sums over them."""

import pytest

from services.metrics.domain.fleet import Held, JobCounts, Robot, summary_of
from shared.jobs.fleet import RobotStatus


def test_active_robots_are_idle_or_busy_and_the_total_counts_all() -> None:
    statuses = [
        RobotStatus.IDLE, RobotStatus.IDLE, RobotStatus.BUSY, RobotStatus.OFFLINE, RobotStatus.ERROR,
        RobotStatus.MAINTENANCE,
    ]  # fmt: skip
    summary = summary_of(statuses, JobCounts(pending=15, active=3))
    assert (summary.total_robots, summary.active_robots, summary.idle_robots) == (6, 3, 2)
    assert (summary.busy_robots, summary.offline_robots) == (1, 1)
    assert (summary.active_jobs, summary.queue_depth) == (3, 15)


def test_the_current_job_is_the_one_held_longest() -> None:
    robot = Robot(tenant_id="t", robot_id="r", active={"a": Held(since_ms=20), "b": Held(since_ms=10)})
    assert robot.current_job == "b"
    assert Robot(tenant_id="t", robot_id="r").current_job is None


@pytest.mark.parametrize(
    ("metrics_json", "expected"),
    [
        ('{"cpu_percent": 45.2}', 45.2),
        ('{"cpu_percent": 45}', 45.0),
        ('{"cpu_percent": null}', None),
        ('{"cpu_percent": true}', None),
        ('{"cpu_percent": "45"}', None),
        ('{"cpu_percent": 1e300}', None),
        ("{}", None),
        ("[]", None),
        ("", None),
        (None, None),
    ],
)
def test_a_reading_is_a_number_or_missing(metrics_json: str | None, expected: float | None) -> None:
    robot = Robot(tenant_id="t", robot_id="r", metrics_json=metrics_json)
    assert robot.reading("cpu_percent") == expected
