"""Jobs for tests of rules: whatever the test does not name has a plain value."""

from typing import Any, Final

from shared.jobs import Job, JobStatus, Requirements
from shared.jobs.position import place

NOW_MS: Final = 1_767_268_800_000


def a_job(**fields: Any) -> Job:
    """A pending job, created at `NOW_MS`."""
    plain: dict[str, Any] = {
        "job_id": "job-1",
        "tenant_id": "default",
        "version": 1,
        "status": JobStatus.PENDING,
        "workflow_id": "workflow-1",
        "workflow_name": "Invoices",
        "workflow_version": 1,
        "definition_id": "definition-1",
        "priority": 10,
        "requirements": Requirements(),
        "created_ms": NOW_MS,
        "updated_ms": NOW_MS,
        "run_at_ms": NOW_MS,
    }
    job = {**plain, **fields}
    job.setdefault("place", place(job["tenant_id"], job["created_ms"], job["job_id"]))
    return Job(**{**job, "status": JobStatus(job["status"])})


def a_held_job(**fields: Any) -> Job:
    """A job that robot `r1` runs on its first attempt."""
    held: dict[str, Any] = {
        "version": 3,
        "status": JobStatus.RUNNING,
        "robot_id": "r1",
        "attempt": 1,
        "lease_token": "token-1",
        "lease_seconds": 30,
        "lease_expires_ms": NOW_MS + 30_000,
        "claimed_ms": NOW_MS,
        "started_ms": NOW_MS + 5,
    }
    return a_job(**{**held, **fields})
