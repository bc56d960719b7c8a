"""A user tells a robot what to do."""

from typing import Any

import msgspec

from services.dispatcher.domain.robot import Command, Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.change_robot import change_robot
from shared.events.robots import RobotCommanded
from shared.jobs.fleet import Condition
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


class CommandRobot:
    """Keeps the command with the robot, which is told of it until it is superseded; it takes effect here at once.

    `drain` and `pause` put the robot into maintenance: it gets nothing new and keeps what it runs. `resume` ends
    either.
    """

    def __init__(self, robots: Robots, clock: Clock, offline_after_ms: int) -> None:
        self._robots = robots
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self, *, caller: Identity, robot_id: str, command: Command) -> Robot:
        """The robot afterwards; a repeat changes nothing. Raises `RobotNotFound`, `LostRace`, `Unavailable`."""
        condition = Condition.OK if command is Command.RESUME else Condition.MAINTENANCE
        fields = {"condition": condition, "command": command.value, "commanded_ms": self._clock.now_ms()}
        return await change_robot(self._robots, caller, robot_id, fields, lambda robot: self._event(robot, fields))

    def _event(self, before: Robot, fields: dict[str, Any]) -> RobotCommanded | None:
        if (before.condition, before.command) == (fields["condition"], fields["command"]):
            return None
        after = msgspec.structs.replace(before, **fields)
        return RobotCommanded(
            robot_id=after.robot_id,
            name=after.name,
            environment=after.environment,
            status=after.status(self._clock.now_ms(), self._offline_after_ms),
            command=after.command,
        )
