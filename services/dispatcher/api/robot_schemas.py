"""Request and response bodies of the robot routes (contract "Robot Endpoints")."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from services.dispatcher.domain.robot import Command, Robot
from services.dispatcher.use_cases.register_robot import Registration
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import to_datetime
from shared.web.text import Identifier, Text

Label = Annotated[Text, Field(min_length=1, max_length=128)]
Labels = Annotated[list[Label], Field(max_length=100)]
ActiveJobs = Annotated[list[Annotated[Text, Field(min_length=1, max_length=64)]], Field(max_length=100)]

_REGISTRATION: Final[dict[str, Any]] = {
    "robot_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "capabilities": ["browser", "desktop", "high_memory"],
    "environment": "production",
    "max_concurrent_jobs": 3,
    "tags": ["invoice-processing", "high-priority"],
}
_READINGS: Final[dict[str, Any]] = {"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 1}
_ROBOT: Final[dict[str, Any]] = {
    **_REGISTRATION,
    "status": "busy",
    "current_job_ids": ["job-12345"],
    "last_seen": "2025-01-15T10:30:00Z",
    "last_heartbeat": "2025-01-15T10:30:00Z",
    "created_at": "2025-01-15T10:00:00Z",
    "metrics": _READINGS,
}
"""Examples of the API document."""


class RegisterBody(BaseModel):
    """What a robot says about itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REGISTRATION]})

    robot_id: Identifier = Field(min_length=1, max_length=64)
    name: Text = Field(min_length=1, max_length=128)
    hostname: Text = Field(min_length=1, max_length=256)
    capabilities: Labels = Field(default_factory=list)
    environment: Identifier = Field("default", min_length=1, max_length=64)
    max_concurrent_jobs: int = Field(1, ge=1, le=100)
    tags: Labels = Field(default_factory=list)

    def registration(self) -> Registration:
        """The body as the use case takes it; lists without repeats."""
        return Registration(
            robot_id=self.robot_id,
            name=self.name,
            hostname=self.hostname,
            capabilities=tuple(dict.fromkeys(self.capabilities)),
            environment=self.environment,
            max_concurrent_jobs=self.max_concurrent_jobs,
            tags=tuple(dict.fromkeys(self.tags)),
        )


class UpdateBody(BaseModel):
    """What to change; a field that is absent or null stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Updated Robot Name",
                    "hostname": "new-hostname.example.com",
                    "capabilities": ["browser"],
                    "environment": "staging",
                    "max_concurrent_jobs": 2,
                    "tags": ["new-tag"],
                }
            ]
        }
    )

    name: Text | None = Field(None, min_length=1, max_length=128)
    hostname: Text | None = Field(None, min_length=1, max_length=256)
    capabilities: Labels | None = None
    environment: Identifier | None = Field(None, min_length=1, max_length=64)
    max_concurrent_jobs: int | None = Field(None, ge=1, le=100)
    tags: Labels | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were given; lists without repeats."""
        given = self.model_dump(exclude_none=True)
        return {name: tuple(dict.fromkeys(v)) if isinstance(v, list) else v for name, v in given.items()}


class StatusBody(BaseModel):
    """What the robot is fit for; `idle` and `busy` both mean: for work."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "maintenance"}]})

    status: RobotStatus


class HeartbeatBody(BaseModel):
    """How the robot's machine is doing; other numbers a robot sends are kept too, within reason."""

    model_config = ConfigDict(allow_inf_nan=False, json_schema_extra={"examples": [_READINGS]})

    cpu_percent: float | None = Field(None, ge=0, le=100_000)
    memory_mb: float | None = Field(None, ge=0)
    memory_percent: float | None = Field(None, ge=0, le=100)
    disk_free_gb: float | None = Field(None, ge=0)
    active_jobs: Annotated[int, Field(ge=0, le=10_000)] | ActiveJobs | None = Field(
        None,
        description="how many jobs the robot runs, or their ids; one that it holds and, by 0 or by the list, does not "
        "run was lost in a crash: this heartbeat does not renew its lease",
    )

    def as_json(self) -> str:
        """What is kept of it; of a list of jobs their number."""
        kept = self.model_dump(exclude_none=True)
        if isinstance(self.active_jobs, list):
            kept["active_jobs"] = len(self.active_jobs)
        return msgspec.json.encode(kept).decode()

    @property
    def running(self) -> frozenset[str] | None:
        """The jobs that the robot says it runs; None when it does not say which."""
        if isinstance(self.active_jobs, list):
            return frozenset(self.active_jobs)
        return frozenset() if self.active_jobs == 0 else None


class HeartbeatResponse(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ok": True, "timestamp": "2025-01-15T10:30:00Z", "cancelled_jobs": [], "commands": ["drain"]}]
        }
    )

    ok: bool = True
    timestamp: datetime
    cancelled_jobs: list[str] = Field(description="jobs the robot should stop working on")
    commands: list[Command] = Field(description="what a user has told the robot, while it holds")


class CommandBody(BaseModel):
    """What the robot shall do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"command": "drain"}]})

    command: Command


class CommandResponse(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"robot_id": "robot-prod-001", "command": "drain", "status": "maintenance"}]}
    )

    robot_id: str
    command: Command
    status: RobotStatus = Field(description="the robot's status now")


class RobotBody(BaseModel):
    """A robot as users see it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROBOT]})

    robot_id: str
    name: str
    hostname: str
    status: RobotStatus
    environment: str
    max_concurrent_jobs: int
    capabilities: list[str]
    tags: list[str]
    current_job_ids: list[str]
    last_seen: datetime
    last_heartbeat: datetime
    created_at: datetime
    metrics: dict[str, Any]


class RobotList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"robots": [_ROBOT], "total": 1}]})

    robots: list[RobotBody]
    total: int


class DeletedBody(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"deleted": True, "robot_id": "robot-prod-001"}]})

    deleted: bool = True
    robot_id: str


def robot_body(robot: Robot, now_ms: int, offline_after_ms: int) -> RobotBody:
    """The robot as users see it at `now_ms`."""
    return RobotBody(
        robot_id=robot.robot_id,
        name=robot.name,
        hostname=robot.hostname,
        status=robot.status(now_ms, offline_after_ms),
        environment=robot.environment,
        max_concurrent_jobs=robot.max_concurrent_jobs,
        capabilities=list(robot.capabilities),
        tags=list(robot.tags),
        current_job_ids=sorted(robot.active),
        last_seen=to_datetime(robot.last_seen_ms),
        last_heartbeat=to_datetime(robot.last_heartbeat_ms),
        created_at=to_datetime(robot.created_ms),
        metrics=msgspec.json.decode(robot.metrics_json),
    )
