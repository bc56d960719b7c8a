"""The fields of what robots are sent."""

from collections.abc import Sequence
from typing import Any

import msgspec

from services.dispatcher.use_cases.take_jobs import ClaimedJob
from shared.jobs import Job
from shared.kernel.clock import iso_utc


def register_ack(robot_id: str, *, heartbeat_seconds: int, now_ms: int, accepted: Sequence[Job]) -> dict[str, Any]:
    """The robot is registered; `active_jobs` are those that it accepted and still holds, from before it came."""
    return {
        "success": True,
        "robot_id": robot_id,
        "config": {"heartbeat_interval": heartbeat_seconds},
        "timestamp": iso_utc(now_ms),
        "active_jobs": [
            {"job_id": job.job_id, "attempt": job.attempt, "lease_token": job.lease_token, "status": job.status}
            for job in accepted
        ],
    }


def heartbeat_ack(*, now_ms: int, commands: Sequence[str], cancelled_jobs: Sequence[str]) -> dict[str, Any]:
    """The heartbeat was noted; also sent unasked, to tell a command at once."""
    return {"timestamp": iso_utc(now_ms), "commands": list(commands), "cancelled_jobs": list(cancelled_jobs)}


def job_assign(claimed: ClaimedJob, *, accept_seconds: int) -> dict[str, Any]:
    """A job to run. JSON that is stored as text goes out as it is, without being read."""
    job = claimed.job
    variables = msgspec.Raw(job.variables_json.encode())
    return {
        "job_id": job.job_id,
        "workflow_id": job.workflow_id,
        "workflow_name": job.workflow_name,
        "workflow_json": claimed.workflow_json,
        "workflow_data": msgspec.Raw(claimed.workflow_json.encode()),
        "priority": job.priority,
        "timeout_seconds": job.timeout_seconds,
        "timeout": job.timeout_seconds,
        "variables": variables,
        "parameters": variables,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "lease_token": job.lease_token,
        "accept_within_seconds": accept_seconds,
        "environment": job.requirements.environment,
        "created_at": iso_utc(job.created_ms),
    }


def job_ack(report: str, job_id: str, outcome: str, **more: Any) -> dict[str, Any]:
    """What the robot reported is stored: it needs not say it again."""
    return {"job_id": job_id, "report": report, "outcome": outcome, **more}


def error(code: str, message: str, **more: Any) -> dict[str, Any]:
    """Why a message was not taken; fields that do not apply are left out."""
    return {"code": code, "message": message, **{name: value for name, value in more.items() if value is not None}}
