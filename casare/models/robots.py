"""Robots."""

from datetime import datetime
from typing import Any

import msgspec

from casare.models.base import Model


class Robot(Model, frozen=True, kw_only=True):
    """A registered robot. `status`: `idle`, `busy`, `offline`, `error` or `maintenance`."""

    robot_id: str
    name: str
    hostname: str
    status: str
    environment: str
    max_concurrent_jobs: int
    capabilities: list[str]
    tags: list[str]
    current_job_ids: list[str]
    last_seen: datetime
    last_heartbeat: datetime
    created_at: datetime
    metrics: dict[str, Any] = msgspec.field(default_factory=dict)


class Commanded(Model, frozen=True, kw_only=True):
    """A command that a robot was given, and the robot's status since."""

    robot_id: str
    command: str
    status: str


class RobotPage(Model, frozen=True, kw_only=True):
    """Robots by id."""

    items: list[Robot] = msgspec.field(name="robots")
    total: int
