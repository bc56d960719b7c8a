"""A user looks at the fleet."""

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


class ListRobots:
    """Lists robots; `idle`, `busy` and `offline` follow from the moment of asking, so they are filtered here."""

    def __init__(self, robots: Robots, clock: Clock, offline_after_ms: int) -> None:
        self._robots = robots
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(
        self, *, caller: Identity, status: RobotStatus | None, environment: str | None, limit: int, offset: int
    ) -> tuple[list[Robot], int]:
        """One page by robot id, and how many match in all. Raises `Unavailable`."""
        robots = await self._robots.find(caller.tenant_id, environment)
        now_ms = self._clock.now_ms()
        if status is not None:
            robots = [robot for robot in robots if robot.status(now_ms, self._offline_after_ms) is status]
        return robots[offset : offset + limit], len(robots)
