"""Answers of the metrics routes, as the contract has them. A field without a value is null."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.analytics import Analytics
from services.metrics.domain.fleet import FleetSummary
from services.metrics.domain.history import begun_ms, duration_ms, node_execution
from services.metrics.domain.rebuild import Rebuild, RebuildState
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


class SlowWorkflowBody(BaseModel):
    """A workflow whose jobs take long."""

    workflow_id: str
    workflow_name: str = Field(description="as its newest job of the period had it")
    avg_duration_ms: int
    jobs: int = Field(description="how many the average is of")


class AnalyticsBody(BaseModel):
    """Figures of a period's finished jobs. Rates are percents with one decimal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "days": 7,
                    "total_jobs": 205,
                    "completed_jobs": 191,
                    "failed_jobs": 7,
                    "timeout_jobs": 2,
                    "cancelled_jobs": 5,
                    "success_rate": 95.5,
                    "failure_rate": 4.5,
                    "duration_p50_ms": 30_000,
                    "duration_p90_ms": 60_000,
                    "duration_p99_ms": 120_000,
                    "slowest_workflows": [
                        {
                            "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                            "workflow_name": "Complex Report",
                            "avg_duration_ms": 300_000,
                            "jobs": 12,
                        }
                    ],
                    "error_distribution": {"SELECTOR_NOT_FOUND": 5, "TIMEOUT": 2, "NETWORK_ERROR": 2},
                    "self_healing_success_rate": 78.5,
                }
            ]
        }
    )

    days: int
    total_jobs: int = Field(description="all that ended, cancelled ones included")
    completed_jobs: int
    failed_jobs: int
    timeout_jobs: int
    cancelled_jobs: int
    success_rate: float = Field(description="completed jobs among those that completed, failed or timed out")
    failure_rate: float = Field(description="the others among them")
    duration_p50_ms: int
    duration_p90_ms: int
    duration_p99_ms: int
    slowest_workflows: list[SlowWorkflowBody] = Field(description="at most ten, the greatest average first")
    error_distribution: dict[str, int] = Field(
        description="failed and timed-out jobs by error type: the 50 most frequent, all others as `OTHER`"
    )
    self_healing_success_rate: float = Field(
        description="repairs that worked among those that robots reported in the results of completed jobs"
    )


class RebuildBody(BaseModel):
    """The latest rebuild of the figures."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rebuild_id": "01a20642-32ca-7384-9a7f-639d9fdc8ef0",
                    "status": "running",
                    "requested_at": "2026-01-01T12:00:00Z",
                    "finished_at": None,
                    "days_done": 17,
                    "days_total": 122,
                    "total_kept": False,
                }
            ]
        }
    )

    rebuild_id: str
    status: RebuildState
    requested_at: datetime
    finished_at: datetime | None
    days_done: int
    days_total: int = Field(description="0 until the work has begun")
    total_kept: bool = Field(
        description="whether Prometheus' totals stayed as they were: they count jobs that are gone, and never fall"
    )


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


def analytics_body(days: int, analytics: Analytics) -> AnalyticsBody:
    """The figures of a period of `days` days."""
    totals = analytics.totals
    return AnalyticsBody(
        days=days,
        total_jobs=totals.completed + totals.failed + totals.timeout + totals.cancelled,
        completed_jobs=totals.completed,
        failed_jobs=totals.failed,
        timeout_jobs=totals.timeout,
        cancelled_jobs=totals.cancelled,
        success_rate=analytics.success_rate,
        failure_rate=analytics.failure_rate,
        duration_p50_ms=analytics.duration_p50_ms,
        duration_p90_ms=analytics.duration_p90_ms,
        duration_p99_ms=analytics.duration_p99_ms,
        slowest_workflows=[
            SlowWorkflowBody(
                workflow_id=slow.workflow_id,
                workflow_name=slow.time.name,
                avg_duration_ms=slow.time.average_ms,
                jobs=slow.time.n_jobs,
            )
            for slow in analytics.slowest_workflows
        ],
        error_distribution=analytics.error_distribution,
        self_healing_success_rate=analytics.self_healing_success_rate,
    )


def rebuild_body(rebuild: Rebuild) -> RebuildBody:
    """How far a rebuild is."""
    return RebuildBody(
        rebuild_id=rebuild.rebuild_id,
        status=rebuild.state,
        requested_at=to_datetime(rebuild.requested_ms),
        finished_at=to_optional_datetime(rebuild.finished_ms),
        days_done=rebuild.days_done,
        days_total=rebuild.days_total,
        total_kept=rebuild.total_kept,
    )


def activity_body(activity: Activity) -> ActivityBody:
    """A page of events."""
    return ActivityBody(events=[_event_body(entry) for entry in activity.entries], total=activity.total)


def _event_body(entry: ActivityEntry) -> EventBody:
    data = msgspec.json.decode(entry.data_json, type=dict[str, Any])
    return EventBody(event_type=entry.event_type, timestamp=to_datetime(entry.at_ms), data=data)
