"""A user changes a robot's configuration."""

from collections.abc import Mapping
from typing import Any

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.change_robot import change_robot
from shared.kernel.identity import Identity


class UpdateRobot:
    """Sets the fields that were given and leaves the others."""

    def __init__(self, robots: Robots) -> None:
        self._robots = robots

    async def __call__(self, *, caller: Identity, robot_id: str, fields: Mapping[str, Any]) -> Robot:
        """The robot afterwards. Lowering `max_concurrent_jobs` takes no job away; it gets none until it is below.

        Raises `RobotNotFound`, `LostRace`, `Unavailable`.
        """
        return await change_robot(self._robots, caller, robot_id, fields)
