"""GET /metrics/robots and /metrics/robots/{robot_id}."""

from typing import Any

import msgspec
import pytest

from services.dispatcher.domain.robot import Held
from shared.events.jobs import JobCancelled, JobFailed, JobTimedOut
from shared.kernel.identity import Identity
from tests.component.metrics.running_metrics import ENROLMENT_KEY, FOREIGNER, VIEWER, Metrics, robot_of


async def test_a_robot_is_shown_with_its_readings_and_its_day(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    readings = msgspec.json.encode({"cpu_percent": 45.2, "memory_mb": 1024.5}).decode()
    held = {"job-2": Held(token="t", since_ms=now), "job-1": Held(token="t", since_ms=now - 5)}
    await metrics.store_robots(robot_of("r-1", now, environment="lan", n_active=2, active=held, metrics_json=readings))
    await metrics.publish(
        metrics.job_end(duration_ms=40_000),
        metrics.job_end(duration_ms=50_000),
        metrics.job_end(JobFailed, duration_ms=30_000),
        metrics.job_end(JobTimedOut, duration_ms=60_000),
        metrics.job_end(JobCancelled, duration_ms=9_000_000),
        metrics.job_end(robot_id="r-2", duration_ms=7_000_000),
    )
    await metrics.roll_up(6)
    assert await metrics.read("/robots/r-1") == {
        "robot_id": "r-1",
        "name": "Robot r-1",
        "status": "busy",
        "environment": "lan",
        "cpu_percent": 45.2,
        "memory_mb": 1024.5,
        "current_job": "job-1",
        "active_jobs": 2,
        "jobs_completed_today": 2,
        "jobs_failed_today": 2,
        "avg_job_duration_ms": 45_000,
        "last_seen_at": "2026-01-01T12:00:00Z",
    }


async def test_a_robot_without_readings_or_jobs_has_nulls_and_zeros(metrics: Metrics) -> None:
    await metrics.store_robots(robot_of("r-1", metrics.clock.now_ms()))
    robot = await metrics.read("/robots/r-1")
    assert (robot["status"], robot["cpu_percent"], robot["memory_mb"], robot["current_job"]) == (
        "idle", None, None, None,
    )  # fmt: skip
    assert (robot["jobs_completed_today"], robot["jobs_failed_today"], robot["avg_job_duration_ms"]) == (0, 0, 0)


async def test_a_deleted_robot_is_shown_nowhere(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(robot_of("r-1", now), robot_of("r-2", now, deleted_ms=now))
    assert [robot["robot_id"] for robot in await metrics.read("/robots")] == ["r-1"]
    assert (await metrics.read("/fleet"))["total_robots"] == 1
    assert (await metrics.get("/robots/r-2")).status_code == 404


async def test_only_jobs_that_ended_today_in_utc_count(metrics: Metrics) -> None:
    midnight = metrics.clock.advance(seconds=12 * 3_600)
    await metrics.store_robots(robot_of("r-1", midnight))
    await metrics.publish(metrics.job_end(finished_ms=midnight - 1), metrics.job_end(finished_ms=midnight))
    await metrics.roll_up(2)
    assert (await metrics.read("/robots/r-1"))["jobs_completed_today"] == 1
    metrics.clock.advance(seconds=24 * 3_600)
    assert (await metrics.read("/robots/r-1"))["jobs_completed_today"] == 0


@pytest.mark.parametrize("robot_id", ["unknown", "a|b", "%2E%2E", "%00", "r" * 300, "ŕ"])
async def test_an_unknown_robot_is_404_so_that_it_registers(metrics: Metrics, robot_id: str) -> None:
    for caller in (VIEWER, ENROLMENT_KEY):
        answer = await metrics.get(f"/robots/{robot_id}", caller)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "ROBOT_NOT_FOUND"


async def test_a_bound_key_reads_its_own_robot_only(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(robot_of("r-1", now), robot_of("r-2", now))
    bound = Identity(kind="robot", subject="k", tenant_id="default", robot_id="r-1")
    assert (await metrics.read("/robots/r-1", bound))["robot_id"] == "r-1"
    assert (await metrics.get("/robots/r-2", bound)).json()["code"] == "ROBOT_NOT_FOUND"
    assert (await metrics.read("/robots/r-2", ENROLMENT_KEY))["robot_id"] == "r-2"


async def test_another_tenant_finds_neither_robot_nor_figures(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(robot_of("r-1", now), robot_of("r-9", now, tenant_id="elsewhere"))
    await metrics.publish(metrics.job_end(), metrics.job_end(robot_id="r-9"))
    await metrics.roll_up(2)
    assert (await metrics.get("/robots/r-1", FOREIGNER)).status_code == 404
    (robot,) = await metrics.read("/robots", FOREIGNER)
    assert (robot["robot_id"], robot["jobs_completed_today"]) == ("r-9", 0)


async def test_the_list_is_ordered_and_filtered_by_status(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(
        robot_of("c", now), robot_of("a", now, n_active=1), robot_of("b", now - 100_000), robot_of("d", now)
    )
    await metrics.publish(metrics.job_end(robot_id="a"))
    await metrics.roll_up(1)

    async def listed(**params: Any) -> list[str]:
        return [robot["robot_id"] for robot in await metrics.read("/robots", **params)]

    assert await listed() == ["a", "b", "c", "d"]
    assert await listed(status="idle") == ["c", "d"]
    assert await listed(status="offline") == ["b"]
    assert await listed(status="error") == []
    (busy,) = await metrics.read("/robots", status="busy")
    assert busy == await metrics.read("/robots/a")
    assert busy["jobs_completed_today"] == 1


async def test_an_unknown_status_is_refused(metrics: Metrics) -> None:
    answer = await metrics.get("/robots", status="asleep")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == ["status"]
