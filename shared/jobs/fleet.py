"""What a robot is doing, as everyone who shows or uses it must see it."""

from enum import StrEnum
from typing import Final

ROBOTS: Final = "robots"
OFFLINE_AFTER_SECONDS_DEFAULT: Final = 90
"""A robot silent for this long is offline (clarifications 20)."""


class RobotStatus(StrEnum):
    """The statuses of the contract."""

    IDLE = "idle"
    BUSY = "busy"
    OFFLINE = "offline"
    ERROR = "error"
    MAINTENANCE = "maintenance"


class Condition(StrEnum):
    """What was set on purpose, by the robot or a user; idle and busy follow from the jobs it holds."""

    OK = "ok"
    OFFLINE = "offline"
    ERROR = "error"
    MAINTENANCE = "maintenance"


def robot_document_id(tenant_id: str, robot_id: str) -> str:
    """The `_id` of a robot's document: the same robot id may exist in several tenants."""
    return f"{tenant_id}|{robot_id}"


def effective_status(
    *, condition: str, n_active: int, last_seen_ms: int, now_ms: int, offline_after_ms: int
) -> RobotStatus:
    """The status to show: silence outweighs what was set, what was set outweighs being idle or busy."""
    if condition == Condition.OFFLINE or now_ms - last_seen_ms > offline_after_ms:
        return RobotStatus.OFFLINE
    if condition in (Condition.ERROR, Condition.MAINTENANCE):
        return RobotStatus(condition)
    return RobotStatus.BUSY if n_active > 0 else RobotStatus.IDLE
