"""A user looks at the fleet."""

from dataclasses import dataclass

from services.dispatcher.domain.robot import Robot
from services.dispatcher.ports import Robots
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


@dataclass(frozen=True, slots=True)
class RobotFilter:
    """Which robots are wanted; None: whichever."""

    status: RobotStatus | None = None
    environment: str | None = None
    tag: str | None = None
    capability: str | None = None

    def matches(self, robot: Robot, now_ms: int, offline_after_ms: int) -> bool:
        """Whether `robot` is wanted; the store has filtered by environment."""
        return (
            (self.tag is None or self.tag in robot.tags)
            and (self.capability is None or self.capability in robot.capabilities)
            and (self.status is None or self.status is robot.status(now_ms, offline_after_ms))
        )


class ListRobots:
    """Lists robots; `idle`, `busy` and `offline` follow from the moment of asking, so they are filtered here."""

    def __init__(self, robots: Robots, clock: Clock, offline_after_ms: int) -> None:
        self._robots = robots
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(
        self, *, caller: Identity, wanted: RobotFilter, limit: int, offset: int
    ) -> tuple[list[Robot], int]:
        """One page by robot id, and how many match in all. Raises `Unavailable`."""
        found = await self._robots.find(caller.tenant_id, wanted.environment)
        now_ms = self._clock.now_ms()
        robots = [robot for robot in found if wanted.matches(robot, now_ms, self._offline_after_ms)]
        return robots[offset : offset + limit], len(robots)
