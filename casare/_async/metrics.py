"""Figures: `client.metrics`."""

from collections.abc import Sequence

from casare._address import segment
from casare._async.session import AsyncSession
from casare._calls import ListOf, get
from casare.models import Activity, Analytics, FleetMetrics, RobotMetrics
from casare.models.figures import ActivityList


class AsyncMetrics:
    """What the fleet does, and has done."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fleet(self) -> FleetMetrics:
        """The fleet and the queue now."""
        return await self._session.call(get("/metrics/fleet", FleetMetrics))

    async def robots(self, *, status: str | None = None) -> Sequence[RobotMetrics]:
        """Each robot's figures."""
        return await self._session.call(get("/metrics/robots", ListOf[RobotMetrics], {"status": status}))

    async def robot(self, robot_id: str) -> RobotMetrics:
        """A robot's figures. Raises NotFound."""
        return await self._session.call(get(f"/metrics/robots/{segment(robot_id)}", RobotMetrics))

    async def analytics(self, *, days: int = 7) -> Analytics:
        """Figures of the jobs that ended within the last `days` (1 to 90)."""
        return await self._session.call(get("/metrics/analytics", Analytics, {"days": days}))

    async def activity(
        self, *, limit: int = 50, since: str | None = None, event_type: str | None = None
    ) -> Sequence[Activity]:
        """The newest events that match, newest first, at most `limit` (1 to 200)."""
        params = {"limit": limit, "since": since, "event_type": event_type}
        return (await self._session.call(get("/metrics/activity", ActivityList, params))).events
