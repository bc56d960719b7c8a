"""The order of the robots on the screen."""

from collections.abc import Callable, Sequence
from typing import Any, Final

_STATUSES: Final = ("error", "busy", "idle", "maintenance", "offline")


def _number(name: str) -> Callable[[dict[str, Any]], Any]:
    """The greatest first; those without a figure last."""

    def key(robot: dict[str, Any]) -> Any:
        value = robot.get(name)
        return -value if isinstance(value, int | float) else 1

    return key


def _status(robot: dict[str, Any]) -> Any:
    status = robot.get("status")
    return _STATUSES.index(status) if status in _STATUSES else len(_STATUSES)


ORDERS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "status": _status,
    "name": lambda robot: str(robot.get("robot_id")),
    "cpu": _number("cpu_percent"),
    "memory": _number("memory_mb"),
    "jobs": _number("jobs_completed_today"),
    "seen": lambda robot: str(robot.get("last_seen_at")),
}
"""By what robots can be sorted, in the order in which the key `s` goes through them."""


def ordered(robots: Sequence[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """The robots in that order; equal ones by id, so that rows do not jump."""
    return sorted(robots, key=lambda robot: (ORDERS[order](robot), str(robot.get("robot_id"))))


def next_order(order: str) -> str:
    """The order after this one."""
    names = list(ORDERS)
    return names[(names.index(order) + 1) % len(names)]
