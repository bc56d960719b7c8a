"""Events that come twice, too late, or broken. They are planted in an outbox of the store, whose sweep publishes them:
the one way by which foreign events can reach the bus in both shapes."""

import asyncio
import json
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import workflows
from tests.support.api import Json, RobotApi
from tests.support.backends.probes import mongo_client
from tests.support.eventually import eventually
from tests.support.system import PATIENCE_SECONDS, System

pytestmark = pytest.mark.timeout(90)

DATABASE: Final = "casare"
SWEPT_AFTER_MS: Final = 20_000
"""Old enough for the sweep to take it for something a crash has left."""
SWEEP_SECONDS: Final = 30


async def test_a_duplicated_a_reordered_and_a_malformed_event_change_nothing(system: System) -> None:
    robot = await system.robot("told-twice")
    (job, place), (other, _) = await _finished_job(system, robot), await _finished_job(system, robot)
    await eventually(partial(_has_completed, system, robot, 2), timeout_seconds=PATIENCE_SECONDS)
    before = await _figures(system, robot)
    completed = _event("job.completed", job, 4, duration_ms=86_400_000, finished_ms=_now_ms())
    submitted = _event("job.submitted", job, 1, queue_position=place)
    claimed = _event("job.claimed", job, 2)
    malformed = _event("job.completed", other, 4, status=7, workflow_id=None)

    # The same event stands in two outboxes: it is published at least twice. The first steps come after the last.
    await asyncio.to_thread(_plant, system, {job: [completed, submitted, claimed], other: [completed, malformed]})
    await eventually(partial(_is_published, system, [job, other]), timeout_seconds=SWEEP_SECONDS)

    assert await robot.claim(wait_seconds=0.5) is None, "a finished job was handed out again"
    after, _ = await _finished_job(system, robot)
    await eventually(partial(_has_completed, system, robot, 3), timeout_seconds=PATIENCE_SECONDS)
    assert await _figures(system, robot) == {**before, "completed today": 3, "completed": before["completed"] + 1}
    told = [event["data"]["job_id"] for event in await system.admin.activity(event_type="job_completed")]
    assert told.count(job) == 2, "its own, and the planted one once"
    assert told.count(other) == 1, "its own, and not the malformed one"
    jobs = [await system.admin.job(job_id) for job_id in (job, other, after)]
    assert {(each["status"], each["attempt"]) for each in jobs} == {("completed", 1)}


async def _finished_job(system: System, robot: RobotApi) -> tuple[str, str]:
    """Its id, and the place in the queue that it had."""
    job_id: str = (await system.submit("Told", workflows.nothing()))["job_id"]
    place = (await asyncio.to_thread(_stored, system, job_id))["queue_position"]
    job = await robot.claim()
    assert job is not None
    assert job["job_id"] == job_id
    await robot.complete(job)
    return job_id, place


def _event(kind: str, job_id: str, version: int, **data: Any) -> Json:
    at_ms = _now_ms() - SWEPT_AFTER_MS
    known = {"job_id": job_id, "workflow_id": str(uuid4()), "workflow_name": "Told", "status": kind.partition(".")[2]}
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/casare/dispatcher",
        "type": kind,
        "subject": job_id,
        "time": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
        "timems": at_ms,
        "tenantid": "default",
        "aggregateversion": version,
        "data": {**known, **data},
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _plant(system: System, events: dict[str, list[Json]]) -> None:
    """Into the outboxes of these jobs."""
    with mongo_client(system.deployment.store_url) as client:
        for job_id, planted in events.items():
            bodies = {f"outbox.{event['id']}": json.dumps(event) for event in planted}
            change = {"$set": bodies, "$inc": {"unsent": len(planted)}}
            assert client[DATABASE]["jobs"].update_one({"_id": job_id}, change).matched_count == 1


async def _is_published(system: System, job_ids: list[str]) -> bool:
    stored = [await asyncio.to_thread(_stored, system, job_id) for job_id in job_ids]
    return all(job["unsent"] == 0 for job in stored)


def _stored(system: System, job_id: str) -> Json:
    with mongo_client(system.deployment.store_url) as client:
        job = client[DATABASE]["jobs"].find_one({"_id": job_id})
    assert job is not None
    return job


async def _has_completed(system: System, robot: RobotApi, number: int) -> None:
    assert (await _figures(system, robot))["completed today"] == number


async def _figures(system: System, robot: RobotApi) -> dict[str, float]:
    """What is counted of finished jobs, and how long they took."""
    figures = await system.admin.call("GET", f"/metrics/robots/{robot.robot_id}")
    families = text_string_to_metric_families(await system.admin.page("/api/v1/metrics/prometheus"))
    samples = {
        (sample.name, sample.labels.get("status")): sample.value for family in families for sample in family.samples
    }
    assert figures["avg_job_duration_ms"] < 60_000, "the planted event's duration was counted"
    return {
        "completed today": figures["jobs_completed_today"],
        "failed today": figures["jobs_failed_today"],
        "completed": samples["casare_rpa_jobs_total", "completed"],
        "failed": samples["casare_rpa_jobs_total", "failed"],
    }
