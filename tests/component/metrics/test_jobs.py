"""GET /metrics/jobs and /metrics/jobs/{job_id}."""

from typing import Any

import msgspec
import pytest

from shared.jobs import JobStatus
from shared.jobs.history import FEW
from tests.component.metrics.running_metrics import FOREIGNER, Metrics, job_of


async def ids(metrics: Metrics, **params: Any) -> list[str]:
    return [job["job_id"] for job in await metrics.read("/jobs", **params)]


async def test_a_finished_job_is_shown_with_every_field(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    result = '{"total": 3, "node_execution": [{"node_id": "node-1", "status": "completed", "duration_ms": 5000}]}'
    await metrics.store_jobs(
        job_of(
            "job-1", JobStatus.COMPLETED, now, robot_id="r-1", progress=100, claimed_ms=now + 1_000,
            started_ms=now + 1_500, finished_ms=now + 91_000, result_json=result,
        )
    )  # fmt: skip
    summary = {
        "job_id": "job-1",
        "workflow_id": "w-1",
        "workflow_name": "Invoices",
        "robot_id": "r-1",
        "status": "completed",
        "progress": 100,
        "created_at": "2026-01-01T12:00:00Z",
        "started_at": "2026-01-01T12:00:01.500000Z",
        "completed_at": "2026-01-01T12:01:31Z",
        "duration_ms": 90_000,
        "error_message": None,
    }
    nodes = [{"node_id": "node-1", "status": "completed", "duration_ms": 5000}]
    assert await metrics.read("/jobs") == [summary]
    assert await metrics.read("/jobs/job-1") == {**summary, "node_execution": nodes}


async def test_a_waiting_job_has_nulls_and_no_nodes(metrics: Metrics) -> None:
    await metrics.store_jobs(job_of("job-1", JobStatus.PENDING, metrics.clock.now_ms()))
    job = await metrics.read("/jobs/job-1")
    absent = ("robot_id", "started_at", "completed_at", "duration_ms", "error_message")
    assert [job[name] for name in absent] == [None] * len(absent)
    assert (job["status"], job["progress"], job["node_execution"]) == ("pending", 0, [])


async def test_a_failed_job_tells_why(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_jobs(job_of("job-1", JobStatus.FAILED, now, error_message="no such file", claimed_ms=now))
    job = await metrics.read("/jobs/job-1")
    assert (job["error_message"], job["started_at"]) == ("no such file", "2026-01-01T12:00:00Z")


async def test_a_failed_job_shows_what_its_robot_told_of_its_nodes(metrics: Metrics) -> None:
    node = {"node_id": "n", "status": "failed", "duration_ms": 7, "error": {"type": "T", "message": "boom"}}
    result = msgspec.json.encode({"node_execution": [node]}).decode()
    now = metrics.clock.now_ms()
    await metrics.store_jobs(job_of("job-1", JobStatus.FAILED, now, claimed_ms=now, result_json=result))
    assert (await metrics.read("/jobs/job-1"))["node_execution"] == [node]


@pytest.mark.parametrize("job_id", ["unknown", "sched_x_1", "%00", "j" * 2_000, "a.b$c"])
async def test_an_unknown_job_is_404(metrics: Metrics, job_id: str) -> None:
    answer = await metrics.get(f"/jobs/{job_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "JOB_NOT_FOUND"


async def test_another_tenant_finds_no_job(metrics: Metrics) -> None:
    await metrics.store_jobs(job_of("job-1", JobStatus.COMPLETED, metrics.clock.now_ms(), robot_id="r-1"))
    assert (await metrics.get("/jobs/job-1", FOREIGNER)).json()["code"] == "JOB_NOT_FOUND"
    for params in ({}, {"status": "completed"}, {"workflow_id": "w-1"}, {"robot_id": "r-1"}):
        assert await metrics.read("/jobs", FOREIGNER, **params) == []


async def test_the_newest_jobs_come_first_fifty_unless_asked_otherwise(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_jobs(*(job_of(f"j{n:02}", JobStatus.PENDING, now + n) for n in range(60)))
    assert await ids(metrics) == [f"j{n:02}" for n in range(59, 9, -1)]
    assert await ids(metrics, limit=1) == ["j59"]
    assert len(await ids(metrics, limit=500)) == 60


async def test_filters_narrow_the_history_alone_and_together(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    await metrics.store_jobs(
        job_of("a", JobStatus.COMPLETED, now, robot_id="r-1", workflow_id="w-1"),
        job_of("b", JobStatus.COMPLETED, now + 1, robot_id="r-2", workflow_id="w-1"),
        job_of("c", JobStatus.FAILED, now + 2, robot_id="r-1", workflow_id="w-2"),
        job_of("d", JobStatus.TIMEOUT, now + 3, robot_id="r-1", workflow_id="w-1"),
    )
    assert await ids(metrics, status="completed") == ["b", "a"]
    assert await ids(metrics, robot_id="r-1") == ["d", "c", "a"]
    assert await ids(metrics, workflow_id="w-1", robot_id="r-1") == ["d", "a"]
    assert await ids(metrics, workflow_id="w-1", robot_id="r-1", status="completed") == ["a"]
    assert await ids(metrics, workflow_id="w-3") == []


async def test_filters_that_match_many_jobs_answer_the_same(metrics: Metrics) -> None:
    now = metrics.clock.now_ms()
    many = [
        job_of(f"j{n}", JobStatus.FAILED if n % 10 else JobStatus.COMPLETED, now + n, robot_id="r-1")
        for n in range(FEW + FEW // 5)
    ]
    await metrics.store_jobs(*many, job_of("other", JobStatus.FAILED, now + 9_999, tenant_id="elsewhere"))
    failed = [job.job_id for job in reversed(many) if job.status is JobStatus.FAILED]
    assert await ids(metrics, status="failed", limit=20) == failed[:20]
    assert await ids(metrics, status="failed", robot_id="r-1", limit=20) == failed[:20]
    completed = [job.job_id for job in reversed(many) if job.status is JobStatus.COMPLETED]
    assert await ids(metrics, status="completed", robot_id="r-1", limit=20) == completed[:20]


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "many"},
        {"status": "queued"},
        {"workflow_id": ""},
        {"workflow_id": "w\x00"},
        {"robot_id": "r" * 201},
        {"robot_id": "r\n"},
    ],
    ids=lambda params: ",".join(params),
)
async def test_bad_queries_are_refused_by_name(metrics: Metrics, params: dict[str, Any]) -> None:
    answer = await metrics.get("/jobs", **params)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == list(params)
