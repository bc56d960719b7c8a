"""Answers of the metrics routes, as the contract has them. A field without a value is null."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.fleet import FleetSummary
from services.metrics.domain.history import begun_ms, duration_ms, node_execution
from services.metrics.use_cases.list_activity import Activity
from services.metrics.use_cases.show_robots import RobotReport
from shared.jobs import Job, JobStatus
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import to_datetime, to_optional_datetime


class FleetBody(BaseModel):
    """Fleet-wide figures. Active robots are idle or busy; robots in error or maintenance count in the total only."""

    total_robots: int
    active_robots: int
    idle_robots: int
    busy_robots: int
    offline_robots: int
    active_jobs: int
    queue_depth: int


class RobotBody(BaseModel):
    """One robot; today's figures count from midnight UTC."""

    robot_id: str
    name: str
    status: RobotStatus
    environment: str
    cpu_percent: float | None
    memory_mb: float | None
    current_job: str | None
    active_jobs: int
    jobs_completed_today: int
    jobs_failed_today: int
    """Timed-out jobs included."""
    avg_job_duration_ms: int
    """Over today's jobs; 0 without any."""
    last_seen_at: datetime


class JobBody(BaseModel):
    """One line of the execution history."""

    job_id: str
    workflow_id: str
    workflow_name: str
    robot_id: str | None
    status: JobStatus
    progress: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    error_message: str | None


class JobDetailBody(JobBody):
    """One job's execution; `node_execution` as its robot reported it."""

    node_execution: list[dict[str, Any]]


class EventBody(BaseModel):
    """One event of the activity."""

    event_type: str
    timestamp: datetime
    data: dict[str, Any]


class ActivityBody(BaseModel):
    """The newest events, and how many match in all."""

    events: list[EventBody]
    total: int


def fleet_body(fleet: FleetSummary) -> FleetBody:
    """The contract's seven figures."""
    return FleetBody(
        total_robots=fleet.total_robots,
        active_robots=fleet.active_robots,
        idle_robots=fleet.idle_robots,
        busy_robots=fleet.busy_robots,
        offline_robots=fleet.offline_robots,
        active_jobs=fleet.active_jobs,
        queue_depth=fleet.queue_depth,
    )


def robot_body(report: RobotReport) -> RobotBody:
    """A robot and its day."""
    robot, today = report.robot, report.today
    return RobotBody(
        robot_id=robot.robot_id,
        name=robot.name,
        status=report.status,
        environment=robot.environment,
        cpu_percent=robot.reading("cpu_percent"),
        memory_mb=robot.reading("memory_mb"),
        current_job=robot.current_job,
        active_jobs=robot.n_active,
        jobs_completed_today=today.completed,
        jobs_failed_today=today.failed + today.timeout,
        avg_job_duration_ms=today.average_duration_ms,
        last_seen_at=to_datetime(robot.last_seen_ms),
    )


def job_body(job: Job) -> JobBody:
    """A job's line in the history."""
    return JobBody(**_job_fields(job))


def job_detail_body(job: Job) -> JobDetailBody:
    """A job with what its nodes did."""
    return JobDetailBody(**_job_fields(job), node_execution=node_execution(job))


def _job_fields(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "workflow_id": job.workflow_id,
        "workflow_name": job.workflow_name,
        "robot_id": job.robot_id,
        "status": job.status,
        "progress": job.progress,
        "created_at": to_datetime(job.created_ms),
        "started_at": to_optional_datetime(begun_ms(job)),
        "completed_at": to_optional_datetime(job.finished_ms),
        "duration_ms": duration_ms(job),
        "error_message": job.error_message,
    }


def activity_body(activity: Activity) -> ActivityBody:
    """A page of events."""
    return ActivityBody(events=[_event_body(entry) for entry in activity.entries], total=activity.total)


def _event_body(entry: ActivityEntry) -> EventBody:
    data = msgspec.json.decode(entry.data_json, type=dict[str, Any])
    return EventBody(event_type=entry.event_type, timestamp=to_datetime(entry.at_ms), data=data)
