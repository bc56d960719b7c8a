# Made from `casare/_async/metrics.py` by `docs/generate_sync_client.py`. Do not edit.
"""Figures: `client.metrics`."""

from collections.abc import Sequence

from casare._address import segment
from casare._calls import ListOf, get
from casare._sync.session import Session
from casare.models import Activity, Analytics, FleetMetrics, RobotMetrics
from casare.models.figures import ActivityList


class Metrics:
    """What the fleet does, and has done."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def fleet(self) -> FleetMetrics:
        """The fleet and the queue now."""
        return self._session.call(get("/metrics/fleet", FleetMetrics))

    def robots(self, *, status: str | None = None) -> Sequence[RobotMetrics]:
        """Each robot's figures."""
        return self._session.call(get("/metrics/robots", ListOf[RobotMetrics], {"status": status}))

    def robot(self, robot_id: str) -> RobotMetrics:
        """A robot's figures. Raises NotFound."""
        return self._session.call(get(f"/metrics/robots/{segment(robot_id)}", RobotMetrics))

    def analytics(self, *, days: int = 7) -> Analytics:
        """Figures of the jobs that ended within the last `days` (1 to 90)."""
        return self._session.call(get("/metrics/analytics", Analytics, {"days": days}))

    def activity(
        self, *, limit: int = 50, since: str | None = None, event_type: str | None = None
    ) -> Sequence[Activity]:
        """The newest events that match, newest first, at most `limit` (1 to 200)."""
        params = {"limit": limit, "since": since, "event_type": event_type}
        return (self._session.call(get("/metrics/activity", ActivityList, params))).events
