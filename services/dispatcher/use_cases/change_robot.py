"""Changing a robot's document, again when it changed in between."""

from collections.abc import Mapping
from typing import Any, Final

from services.dispatcher.domain.errors import LostRace
from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.find_job import find_robot
from shared.kernel.identity import Identity

ATTEMPTS: Final = 5


async def change_robot(robots: Robots, caller: Identity, robot_id: str, fields: Mapping[str, Any]) -> Robot:
    """The robot with `fields` set. Raises `RobotNotFound`, `LostRace`, `Unavailable`."""
    for _ in range(ATTEMPTS):
        robot = await find_robot(robots, caller, robot_id)
        changed = await robots.change(robot, dict(fields), None)
        if changed is not None:
            return changed
    raise LostRace(f"Robot {robot_id} keeps changing; try again.")
