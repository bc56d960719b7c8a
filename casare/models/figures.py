"""Figures and events."""

from datetime import datetime
from typing import Any

from casare.models.base import Model


class FleetMetrics(Model, frozen=True, kw_only=True):
    """The fleet now. `active_robots` are the idle and the busy ones."""

    total_robots: int
    active_robots: int
    idle_robots: int
    busy_robots: int
    offline_robots: int
    active_jobs: int
    queue_depth: int


class RobotMetrics(Model, frozen=True, kw_only=True):
    """A robot's figures; `avg_job_duration_ms` in milliseconds."""

    robot_id: str
    name: str
    status: str
    environment: str
    cpu_percent: float | None = None
    memory_mb: float | None = None
    current_job: str | None = None
    active_jobs: int = 0
    jobs_completed_today: int = 0
    jobs_failed_today: int = 0
    avg_job_duration_ms: int = 0
    last_seen_at: datetime


class SlowWorkflow(Model, frozen=True, kw_only=True):
    """A workflow's mean duration."""

    workflow_id: str
    workflow_name: str
    avg_duration_ms: int
    jobs: int


class Analytics(Model, frozen=True, kw_only=True):
    """Figures of the last `days`; rates in percent, durations in milliseconds."""

    days: int
    total_jobs: int
    completed_jobs: int
    failed_jobs: int
    timeout_jobs: int
    cancelled_jobs: int
    success_rate: float
    failure_rate: float
    duration_p50_ms: int
    duration_p90_ms: int
    duration_p99_ms: int
    slowest_workflows: list[SlowWorkflow]
    error_distribution: dict[str, int]
    self_healing_success_rate: float


class Activity(Model, frozen=True, kw_only=True):
    """Something that happened."""

    event_type: str
    timestamp: datetime
    data: dict[str, Any]


class ActivityList(Model, frozen=True, kw_only=True):
    """The newest events."""

    events: list[Activity]
    total: int


class Event(Model, frozen=True, kw_only=True):
    """An event of the live stream. `seq` is where to resume, `client.events(since=event.seq)`; `version` is that of the
    job, robot or other thing that it is about."""

    seq: int | None
    type: str
    timestamp: datetime | None = None
    version: int | None = None
    data: dict[str, Any]
