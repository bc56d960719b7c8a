"""The fleet and its robots, as the contract has them. A figure without a value is null."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.metrics.domain.fleet import FleetSummary
from services.metrics.use_cases.show_robots import RobotReport
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import to_datetime


class FleetBody(BaseModel):
    """Fleet-wide figures. Active robots are idle or busy; robots in error or maintenance count in the total only."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "total_robots": 10,
                    "active_robots": 8,
                    "idle_robots": 5,
                    "busy_robots": 3,
                    "offline_robots": 2,
                    "active_jobs": 3,
                    "queue_depth": 15,
                }
            ]
        }
    )

    total_robots: int
    active_robots: int
    idle_robots: int
    busy_robots: int
    offline_robots: int
    active_jobs: int
    queue_depth: int


class RobotBody(BaseModel):
    """One robot; today's figures count from midnight UTC."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "robot_id": "robot-prod-001",
                    "name": "Production Robot 1",
                    "status": "busy",
                    "environment": "production",
                    "cpu_percent": 45.2,
                    "memory_mb": 1024.5,
                    "current_job": "job-12345",
                    "active_jobs": 1,
                    "jobs_completed_today": 25,
                    "jobs_failed_today": 2,
                    "avg_job_duration_ms": 45_000,
                    "last_seen_at": "2025-01-15T10:31:30Z",
                }
            ]
        }
    )

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
