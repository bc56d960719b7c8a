"""An admin takes a robot out of the fleet."""

import structlog

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.change_robot import change_robot
from services.dispatcher.use_cases.retire_robot import RetireRobot
from shared.events.robots import RobotDeleted
from shared.jobs.fleet import Condition, RobotStatus
from shared.kernel.clock import Clock
from shared.kernel.errors import CasareError
from shared.kernel.identity import Identity

_log = structlog.get_logger(__name__)


class DeleteRobot:
    """Deletes a robot: one write marks it and stores the event; then its jobs return to the queue.

    From that write on no slot of it can be taken, so the slots it has are all there is to give back. Should the process
    die before that is done, the event's consumer does it, and the slot check if need be.
    """

    def __init__(self, robots: Robots, retire: RetireRobot, clock: Clock) -> None:
        self._robots = robots
        self._retire = retire
        self._clock = clock

    async def __call__(self, *, caller: Identity, robot_id: str) -> None:
        """Delete the robot. Raises `RobotNotFound`, `LostRace`, `Unavailable`."""
        fields = {"deleted_ms": self._clock.now_ms(), "condition": Condition.OFFLINE, "announced_offline": 1}
        await change_robot(self._robots, caller, robot_id, fields, _event)
        try:
            await self._retire(tenant_id=caller.tenant_id, robot_id=robot_id)
        except CasareError as error:  # the robot is deleted all the same, and asking again would only find that out
            _log.warning("robot_not_retired_yet", robot_id=robot_id, reason=error.detail)


def _event(robot: Robot) -> RobotDeleted:
    return RobotDeleted(
        robot_id=robot.robot_id, name=robot.name, environment=robot.environment, status=RobotStatus.OFFLINE
    )
