"""Schedules and their due times."""

from datetime import datetime
from typing import Any

import msgspec

from casare.models.base import Model


class Schedule(Model, frozen=True, kw_only=True):
    """When a workflow runs by itself. `cron_expression` is meant in `timezone`; `next_run` is UTC."""

    schedule_id: str
    workflow_id: str
    schedule_name: str
    cron_expression: str
    timezone: str
    enabled: bool
    priority: int = 10
    execution_mode: str = "lan"
    misfire_policy: str = "fire_once"
    overlap_policy: str = "allow"
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    next_run: datetime | None = None
    last_run: datetime | None = None
    run_count: int = 0
    failure_count: int = 0
    created_at: datetime
    updated_at: datetime


class DueTime(Model, frozen=True, kw_only=True):
    """The next run of a schedule, UTC."""

    schedule_id: str
    schedule_name: str
    workflow_id: str
    workflow_name: str
    next_run: datetime | None = None


class Triggered(Model, frozen=True, kw_only=True):
    """The job that a run by hand made."""

    job_id: str
    message: str = ""
