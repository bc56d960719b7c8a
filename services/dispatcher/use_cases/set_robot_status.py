"""A robot or a user says what the robot is fit for."""

from typing import Any, Final

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.change_robot import change_robot
from services.dispatcher.use_cases.find_job import require_may_act_for
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
    """Sets a robot's condition; in maintenance it gets no new jobs and keeps what it runs."""

    def __init__(self, robots: Robots, clock: Clock) -> None:
        self._robots = robots
        self._clock = clock

    async def __call__(self, *, caller: Identity, robot_id: str, status: RobotStatus) -> Robot:
        """The robot afterwards. Raises `ForeignRobot`, `RobotNotFound`, `LostRace`, `Unavailable`."""
        require_may_act_for(caller, robot_id)
        fields: dict[str, Any] = {"condition": _CONDITIONS[status]}
        if caller.kind == "robot":
            fields["last_seen_ms"] = self._clock.now_ms()
        return await change_robot(self._robots, caller, robot_id, fields)
