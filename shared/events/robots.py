"""Events of the fleet, published by the dispatcher. Heartbeats are telemetry, not events."""

from typing import ClassVar

from shared.events.envelope import EventData


class RobotEvent(EventData, frozen=True):
    """What every robot event carries."""

    SOURCE: ClassVar[str] = "dispatcher"

    robot_id: str
    name: str
    environment: str
    status: str


class RobotRegistered(RobotEvent, frozen=True):
    """A robot registered for the first time or changed its registration."""

    TYPE: ClassVar[str] = "robot.registered"
    max_concurrent_jobs: int = 1


class RobotCameBack(RobotEvent, frozen=True):
    """A robot that had been offline was heard again."""

    TYPE: ClassVar[str] = "robot.came_back"


class RobotWentOffline(RobotEvent, frozen=True):
    """A robot was silent for longer than the fleet allows (clarifications 20)."""

    TYPE: ClassVar[str] = "robot.went_offline"
    last_seen_ms: int = 0


class RobotUpdated(RobotEvent, frozen=True):
    """A user changed a robot's configuration."""

    TYPE: ClassVar[str] = "robot.updated"
    max_concurrent_jobs: int = 1
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class RobotStatusChanged(RobotEvent, frozen=True):
    """A robot or a user said what the robot is fit for, and that is another thing than before."""

    TYPE: ClassVar[str] = "robot.status_changed"
    old_condition: str = ""
    new_condition: str = ""


class RobotConnected(RobotEvent, frozen=True):
    """A robot registered on a socket: whoever holds an earlier connection of it gives that one up."""

    TYPE: ClassVar[str] = "robot.connected"
    connection_id: str = ""


class RobotCommanded(RobotEvent, frozen=True):
    """A user told a robot what to do; it learns of it on its socket at once, or at its next heartbeat."""

    TYPE: ClassVar[str] = "robot.commanded"
    command: str = ""
    """`drain`, `pause` or `resume`."""


class RobotDeleted(RobotEvent, frozen=True):
    """A robot was taken out of the fleet. Its jobs return to the queue; keys bound to it are to be revoked.

    A robot of the same id may register later: what was made after this event is not meant.
    """

    TYPE: ClassVar[str] = "robot.deleted"


class RobotLateReport(RobotEvent, frozen=True):
    """A robot reported on a job it no longer holds; the report was refused and changed nothing."""

    TYPE: ClassVar[str] = "robot.late_report"
    job_id: str = ""
    attempt: int | None = None
    report: str = ""
