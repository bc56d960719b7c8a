"""GET /metrics/prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.events.jobs import JobCancelled, JobCompleted, JobFailed, JobTimedOut
from shared.jobs import JobStatus
from tests.component.metrics.running_metrics import Metrics, job_of, open_metrics, robot_of
from tests.support.clock import ManualClock

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scraped(metrics: Metrics, **params: str) -> Samples:
    """Samples by name and labels, as a scraper without credentials reads them."""
    answer = await metrics.get("/prometheus", None, **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def key(name: str, environment: str = "development", **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset({"environment": environment, **labels}.items())


async def test_an_idle_installation_has_every_series_at_zero(metrics: Metrics) -> None:
    samples = await scraped(metrics)
    assert set(samples.values()) == {0.0}
    statuses = ("completed", "failed", "cancelled", "timeout")
    gauges = ("robots_active", "robots_total", "queue_depth", "active_jobs")
    assert set(samples) == {
        *(key("casare_rpa_jobs_total", status=status) for status in statuses),
        *(key(f"casare_rpa_{name}") for name in gauges),
        key("casare_rpa_job_duration_seconds_count"),
        key("casare_rpa_job_duration_seconds_sum"),
    }


async def test_the_types_are_the_contracts(metrics: Metrics) -> None:
    lines = (await metrics.get("/prometheus", None)).text.splitlines()
    assert "# TYPE casare_rpa_jobs_total counter" in lines
    assert "# TYPE casare_rpa_robots_active gauge" in lines


async def test_the_figures_are_of_all_tenants_and_name_none(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_robots(
        robot_of("robot-a", now), robot_of("robot-b", now, tenant_id="elsewhere"), robot_of("robot-c", now - 100_000)
    )
    await metrics.store_jobs(
        job_of("job-a", JobStatus.PENDING, now),
        job_of("job-b", JobStatus.PENDING, now, tenant_id="elsewhere"),
        job_of("job-c", JobStatus.RUNNING, now, tenant_id="elsewhere"),
    )
    await metrics.publish(
        metrics.job_end(JobCompleted, job_id="job-1", duration_ms=1_500),
        metrics.job_end(JobCompleted, tenant_id="elsewhere", duration_ms=500),
        metrics.job_end(JobFailed, duration_ms=None),
        metrics.job_end(JobCancelled),
        metrics.job_end(JobTimedOut, duration_ms=2_000),
    )
    await metrics.roll_up(5)
    samples = await scraped(metrics)
    assert samples[key("casare_rpa_jobs_total", status="completed")] == 2
    assert [samples[key("casare_rpa_jobs_total", status=s)] for s in ("failed", "cancelled", "timeout")] == [1, 1, 1]
    assert samples[key("casare_rpa_robots_active")] == 2
    assert samples[key("casare_rpa_robots_total")] == 3
    assert samples[key("casare_rpa_queue_depth")] == 2
    assert samples[key("casare_rpa_active_jobs")] == 1
    assert samples[key("casare_rpa_job_duration_seconds_count")] == 3
    assert samples[key("casare_rpa_job_duration_seconds_sum")] == 4.0
    text = (await metrics.get("/prometheus", None)).text
    assert [name for name in ("elsewhere", "robot-", "job-", "r-1") if name in text] == []


async def test_the_environment_becomes_the_label(metrics: Metrics) -> None:
    assert key("casare_rpa_robots_active", "prod-eu.1") in await scraped(metrics, environment="prod-eu.1")


@pytest.mark.parametrize("environment", ["", "x" * 65, 'a"} 1', "a\nb", "a\\", "ä"])
async def test_an_unsafe_label_is_refused(metrics: Metrics, environment: str) -> None:
    answer = await metrics.get("/prometheus", None, environment=environment)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == ["environment"]


async def test_totals_do_not_fall_after_a_restart(store_url: str, database_name: str, clock: ManualClock) -> None:
    completed = key("casare_rpa_jobs_total", status="completed")
    async with open_metrics(store_url, database_name, clock) as metrics:
        await metrics.publish(*(metrics.job_end() for _ in range(3)))
        await metrics.roll_up(3)
        assert (await scraped(metrics))[completed] == 3
    async with open_metrics(store_url, database_name, clock) as metrics:
        assert (await scraped(metrics))[completed] == 3
        await metrics.publish(metrics.job_end())
        await metrics.roll_up(1)
        assert (await scraped(metrics))[completed] == 4
