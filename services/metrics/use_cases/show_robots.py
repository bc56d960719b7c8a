"""Shows robots with what they did today (UTC)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.metrics.domain.fleet import Robot, RobotNotFound
from services.metrics.domain.rollup_keys import robot_day_key
from services.metrics.domain.rollups import Rollup
from services.metrics.ports import Fleet, RollupStore
from shared.jobs.fleet import RobotStatus
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RobotReport:
    """A robot, what it is doing now, and its jobs of the day."""

    robot: Robot
    status: RobotStatus
    today: Rollup


class ShowRobots:
    """One robot, or all of a tenant's."""

    def __init__(self, fleet: Fleet, rollups: RollupStore, clock: Clock, offline_after_ms: int) -> None:
        self._fleet = fleet
        self._rollups = rollups
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def one(self, *, tenant_id: str, robot_id: str) -> RobotReport:
        """The robot's report. Raises `RobotNotFound`, `Unavailable`."""
        robot = await self._fleet.get(tenant_id, robot_id)
        if robot is None:
            raise RobotNotFound(f"There is no robot '{robot_id}'.")
        return (await self._reports([robot], None))[0]

    async def all(self, *, tenant_id: str, status: RobotStatus | None) -> list[RobotReport]:
        """Reports of the tenant's robots, or of those in `status`, by id. Raises `Unavailable`."""
        return await self._reports(await self._fleet.of_tenant(tenant_id), status)

    async def _reports(self, robots: Sequence[Robot], wanted: RobotStatus | None) -> list[RobotReport]:
        now_ms = self._clock.now_ms()
        statuses = [(r, r.status(now_ms=now_ms, offline_after_ms=self._offline_after_ms)) for r in robots]
        shown = [(robot, status) for robot, status in statuses if wanted in (None, status)]
        keys = {robot.robot_id: robot_day_key(robot.tenant_id, robot.robot_id, now_ms) for robot, _ in shown}
        rollups = await self._rollups.read(keys.values())
        return [RobotReport(robot, status, rollups[keys[robot.robot_id]]) for robot, status in shown]
