"""GET /metrics/prometheus."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from services.metrics.adapters.fact_store import MongoFacts
from services.metrics.adapters.finished_jobs import MongoFinishedJobs
from services.metrics.adapters.rollup_store import MongoRollups
from services.metrics.domain.rollup_keys import DAY_MS
from services.metrics.use_cases.rebuild_rollups import RebuildRollups, Retained
from shared.events.jobs import JobCancelled, JobCompleted, JobFailed, JobTimedOut
from shared.jobs import JobStatus
from shared.kernel.ids import new_id
from tests.component.metrics.replicas import no_progress
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
    gauges = ("robots_active", "robots_registered", "queue_depth", "active_jobs")
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


async def test_the_text_breaks_none_of_promtools_rules(metrics: Metrics) -> None:
    await metrics.publish(metrics.job_end(), metrics.job_end(JobFailed))
    await metrics.roll_up(2)
    text = (await metrics.get("/prometheus", None, environment="prod")).text
    assert list(complaints(text)) == []
    assert list(complaints(text.replace("casare_rpa_jobs_total", "casare_rpa_jobs").replace("# HELP", "#"))) != []


def complaints(text: str) -> Iterator[str]:
    """What `promtool check metrics` says against an exposition, and what a scraper would refuse."""
    assert text.endswith("\n")
    lines = text.splitlines()
    for described in ("HELP", "TYPE"):
        names = [line.split()[2] for line in lines if line.startswith(f"# {described} ")]
        yield from (f"{name} has several {described}" for name, n in Counter(names).items() if n > 1)
    samples = []
    for family in text_string_to_metric_families(text):
        samples += [(sample.name, tuple(sorted(sample.labels.items()))) for sample in family.samples]
        yield from _complaints_about(family)
    yield from (f"{sample} comes twice" for sample, n in Counter(samples).items() if n > 1)


def _complaints_about(family: Metric) -> Iterator[str]:
    name = family.name
    if not family.documentation:
        yield f"{name} has no HELP"
    if family.type not in ("counter", "gauge", "summary"):
        yield f"{name} has no TYPE"
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        yield f"{name} is not in snake case"
    if family.type == "counter" and not all(sample.name.endswith("_total") for sample in family.samples):
        yield f"{name} is a counter without _total"
    if family.type != "counter" and name.endswith(("_total", "_count", "_sum", "_bucket", "_info")):
        yield f"{name} ends like another type"
    if re.search(r"_(ms|milliseconds|minutes|hours|counter|gauge|summary)(_|$)", name):
        yield f"{name} has a unit that is no base unit, or its type, in its name"


async def test_counters_do_not_fall_when_everything_is_rebuilt(metrics: Metrics) -> None:
    """These jobs are known by their events alone."""
    now = metrics.clock.now_ms()
    await metrics.publish(metrics.job_end(), metrics.job_end(JobFailed), metrics.job_end(finished_ms=now - 90_000_000))
    await metrics.roll_up(3)
    before = await scraped(metrics)
    parts = (MongoFinishedJobs(metrics.runtime.store), MongoFacts(metrics.runtime.store))
    rollups = MongoRollups(metrics.runtime.store)
    for _ in range(2):
        rebuild = RebuildRollups(*parts, rollups, metrics.clock, new_id, Retained(DAY_MS, 100 * DAY_MS))
        assert await rebuild(no_progress)
        assert await scraped(metrics) == before


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
    assert samples[key("casare_rpa_robots_registered")] == 3
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
