"""A user changes a robot's configuration."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.change_robot import change_robot
from shared.events.robots import RobotUpdated
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


class UpdateRobot:
    """Sets the fields that were given and leaves the others; from then on the robot is matched by the new ones."""

    def __init__(self, robots: Robots, clock: Clock, offline_after_ms: int) -> None:
        self._robots = robots
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self, *, caller: Identity, robot_id: str, fields: Mapping[str, Any]) -> Robot:
        """The robot afterwards. Lowering `max_concurrent_jobs` takes no job away; it gets none until it is below.

        Raises `RobotNotFound`, `LostRace`, `Unavailable`.
        """
        return await change_robot(self._robots, caller, robot_id, fields, lambda robot: self._event(robot, fields))

    def _event(self, before: Robot, fields: Mapping[str, Any]) -> RobotUpdated | None:
        after = msgspec.structs.replace(before, **fields)
        if after == before:
            return None
        return RobotUpdated(
            robot_id=after.robot_id,
            name=after.name,
            environment=after.environment,
            status=after.status(self._clock.now_ms(), self._offline_after_ms),
            max_concurrent_jobs=after.max_concurrent_jobs,
            capabilities=after.capabilities,
            tags=after.tags,
        )
