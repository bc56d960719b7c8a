"""A user looks at one robot."""

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.find_job import find_robot
from shared.kernel.identity import Identity


class GetRobot:
    """Reads one robot."""

    def __init__(self, robots: Robots) -> None:
        self._robots = robots

    async def __call__(self, *, caller: Identity, robot_id: str) -> Robot:
        """The robot. Raises `RobotNotFound`, `Unavailable`."""
        return await find_robot(self._robots, caller, robot_id)
