"""GET /metrics/fleet."""

from shared.jobs import JobStatus
from shared.jobs.fleet import Condition
from tests.component.metrics.running_metrics import FOREIGNER, Metrics, job_of, robot_of


async def test_an_empty_tenant_has_all_seven_figures_at_zero(metrics: Metrics) -> None:
    assert await metrics.read("/fleet") == {
        "total_robots": 0,
        "active_robots": 0,
        "idle_robots": 0,
        "busy_robots": 0,
        "offline_robots": 0,
        "active_jobs": 0,
        "queue_depth": 0,
    }


async def test_robots_and_jobs_are_summed_up(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(
        robot_of("idle-1", now),
        robot_of("idle-2", now - 90_000),
        robot_of("busy", now, n_active=2),
        robot_of("silent", now - 90_001, n_active=1),
        robot_of("off", now, condition=Condition.OFFLINE),
        robot_of("broken", now, condition=Condition.ERROR),
        robot_of("resting", now, condition=Condition.MAINTENANCE),
    )
    await metrics.store_jobs(
        *(job_of(f"p{n}", JobStatus.PENDING, now + n) for n in range(3)),
        job_of("delayed", JobStatus.PENDING, now, queue_position=None, waiting_until_ms=now + 60_000),
        job_of("claimed", JobStatus.CLAIMED, now),
        job_of("running", JobStatus.RUNNING, now),
        *(job_of(status.value, status, now) for status in (JobStatus.COMPLETED, JobStatus.FAILED)),
    )
    assert await metrics.read("/fleet") == {
        "total_robots": 7,
        "active_robots": 3,
        "idle_robots": 2,
        "busy_robots": 1,
        "offline_robots": 2,
        "active_jobs": 2,
        "queue_depth": 4,
    }


async def test_another_tenant_sees_none_of_it(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(robot_of("r", now))
    await metrics.store_jobs(job_of("p", JobStatus.PENDING, now), job_of("c", JobStatus.CLAIMED, now))
    assert set((await metrics.read("/fleet", FOREIGNER)).values()) == {0}


async def test_the_figures_are_never_older_than_a_second(metrics: Metrics) -> None:
    assert (await metrics.read("/fleet"))["queue_depth"] == 0
    await metrics.store_jobs(job_of("p", JobStatus.PENDING, metrics.clock.now_ms()))
    metrics.clock.advance(seconds=1)
    assert (await metrics.read("/fleet"))["queue_depth"] == 1


async def test_tenants_with_alike_names_are_kept_apart(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_jobs(
        job_of("a", JobStatus.PENDING, now, tenant_id="default2"),
        job_of("b", JobStatus.PENDING, now, tenant_id="default|x"),
        job_of("c", JobStatus.PENDING, now, tenant_id="defaul"),
    )
    assert (await metrics.read("/fleet"))["queue_depth"] == 0
