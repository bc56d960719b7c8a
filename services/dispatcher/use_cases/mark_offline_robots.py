"""Notices robots that fell silent."""

from typing import Final

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from services.dispatcher.use_cases.expire_leases import ExpireLeases
from shared.events.robots import RobotWentOffline
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import Clock

BATCH: Final = 200


class MarkOfflineRobots:
    """Announces a silent robot once and takes its jobs back (clarifications 20)."""

    def __init__(self, robots: Robots, expire: ExpireLeases, clock: Clock, offline_after_ms: int) -> None:
        self._robots = robots
        self._expire = expire
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self) -> int:
        """Handle robots silent for too long; returns how many were announced. Raises `Unavailable`."""
        silent = await self._robots.silent_since(self._clock.now_ms() - self._offline_after_ms, BATCH)
        n_announced = 0
        for robot in silent:
            await self._expire.of_robot(robot.tenant_id, robot.robot_id, list(robot.active))
            n_announced += await self._announce(robot)
        return n_announced

    async def _announce(self, robot: Robot) -> bool:
        """A heartbeat that arrives meanwhile goes unnoticed here; the robot's next one announces its return."""
        event = RobotWentOffline(
            robot_id=robot.robot_id,
            name=robot.name,
            environment=robot.environment,
            status=RobotStatus.OFFLINE,
            last_seen_ms=robot.last_seen_ms,
        )
        return await self._robots.change(robot, {"announced_offline": 1}, event) is not None
