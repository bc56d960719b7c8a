"""A robot or a user says what the robot is fit for."""

from typing import Any, Final

import msgspec

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.change_robot import change_robot
from services.dispatcher.use_cases.find_job import require_may_act_for
from shared.events.robots import RobotStatusChanged
from shared.jobs.fleet import Condition, RobotStatus
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity

_CONDITIONS: Final = {
    RobotStatus.IDLE: Condition.OK,
    RobotStatus.BUSY: Condition.OK,
    RobotStatus.OFFLINE: Condition.OFFLINE,
    RobotStatus.ERROR: Condition.ERROR,
    RobotStatus.MAINTENANCE: Condition.MAINTENANCE,
}
"""Idle and busy are not set but follow from the jobs held; saying either means: fit for work."""


class SetRobotStatus:
    """Sets a robot's condition, which ends what it was commanded; in maintenance it gets no new jobs and keeps what
    it runs."""

    def __init__(self, robots: Robots, clock: Clock, offline_after_ms: int) -> None:
        self._robots = robots
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self, *, caller: Identity, robot_id: str, status: RobotStatus) -> Robot:
        """The robot afterwards. Raises `ForeignRobot`, `RobotNotFound`, `LostRace`, `Unavailable`."""
        require_may_act_for(caller, robot_id)
        fields: dict[str, Any] = {"condition": _CONDITIONS[status], "command": ""}
        if caller.kind == "robot":
            fields["last_seen_ms"] = self._clock.now_ms()
        return await change_robot(self._robots, caller, robot_id, fields, lambda robot: self._event(robot, fields))

    def _event(self, before: Robot, fields: dict[str, Any]) -> RobotStatusChanged | None:
        after = msgspec.structs.replace(before, **fields)
        if after.condition is before.condition:
            return None
        return RobotStatusChanged(
            robot_id=after.robot_id,
            name=after.name,
            environment=after.environment,
            status=after.status(self._clock.now_ms(), self._offline_after_ms),
            old_condition=before.condition,
            new_condition=after.condition,
        )
