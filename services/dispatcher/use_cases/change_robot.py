"""Changing a robot's document, again when it changed in between."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.dispatcher.domain.errors import LostRace
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.find_job import find_robot
from shared.events import EventData
from shared.kernel.identity import Identity

ATTEMPTS: Final = 5

EventOf = Callable[[Robot], EventData | None]
"""From the robot as it was to the event that the change causes; None when it changes nothing worth telling."""


async def change_robot(
    robots: Robots, caller: Identity, robot_id: str, fields: Mapping[str, Any], event_of: EventOf
) -> Robot:
    """The robot with `fields` set. Raises `RobotNotFound`, `LostRace`, `Unavailable`."""
    for _ in range(ATTEMPTS):
        robot = await find_robot(robots, caller, robot_id)
        changed = await robots.change(robot, dict(fields), event_of(robot))
        if changed is not None:
            return changed
    raise LostRace(f"Robot {robot_id} keeps changing; try again.")
