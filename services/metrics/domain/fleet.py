"""The robots as the dispatcher stores them, and what a tenant's fleet is doing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from shared.jobs.fleet import Condition, RobotStatus, effective_status
from shared.kernel.errors import NotFound

ABSURD: Final = 1e15
"""No reading is this large; JSON allows numbers that no float holds."""


class RobotNotFound(NotFound):
    """No such robot in the caller's tenant, or not the caller's own."""

    code = "ROBOT_NOT_FOUND"


class Held(msgspec.Struct, frozen=True):
    """A job a robot holds."""

    since_ms: int = 0


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures need of a robot's document."""

    tenant_id: str
    robot_id: str
    name: str = ""
    environment: str = "default"
    condition: str = Condition.OK
    n_active: int = 0
    last_seen_ms: int = 0
    active: dict[str, Held] = msgspec.field(default_factory=dict)
    """The jobs it holds, by id."""
    metrics_json: str | None = None
    deleted_ms: int | None = None
    """Set in what is left of a deleted robot, which is shown to nobody."""

    def status(self, *, now_ms: int, offline_after_ms: int) -> RobotStatus:
        """What the robot is doing at `now_ms`."""
        return effective_status(
            condition=self.condition,
            n_active=self.n_active,
            last_seen_ms=self.last_seen_ms,
            now_ms=now_ms,
            offline_after_ms=offline_after_ms,
        )

    @property
    def current_job(self) -> str | None:
        """The job it has held longest, or None."""
        return min(self.active, key=lambda job_id: (self.active[job_id].since_ms, job_id), default=None)

    def reading(self, name: str) -> float | None:
        """A figure of the last heartbeat (`cpu_percent`, `memory_mb`), or None when it was not reported."""
        readings = msgspec.json.decode(self.metrics_json) if self.metrics_json else {}
        value = readings.get(name) if isinstance(readings, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= ABSURD:
            return None
        return float(value)


@dataclass(frozen=True, slots=True)
class FleetSummary:
    """The contract's seven figures. Robots in error or maintenance count in the total only."""

    total_robots: int
    idle_robots: int
    busy_robots: int
    offline_robots: int
    active_jobs: int
    queue_depth: int

    @property
    def active_robots(self) -> int:
        """Idle and busy ones (clarifications 20)."""
        return self.idle_robots + self.busy_robots


@dataclass(frozen=True, slots=True)
class JobCounts:
    """Jobs that wait, and jobs that robots hold."""

    pending: int
    active: int


def summary_of(statuses: Iterable[RobotStatus], jobs: JobCounts) -> FleetSummary:
    """The summary of robots with these statuses."""
    n_robots = Counter(statuses)
    return FleetSummary(
        total_robots=n_robots.total(),
        idle_robots=n_robots[RobotStatus.IDLE],
        busy_robots=n_robots[RobotStatus.BUSY],
        offline_robots=n_robots[RobotStatus.OFFLINE],
        active_jobs=jobs.active,
        queue_depth=jobs.pending,
    )
