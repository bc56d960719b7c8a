"""List a tenant's schedules."""

from services.scheduler.domain.identifiers import parse_uuid
from services.scheduler.domain.schedule import Schedule
from services.scheduler.ports import Schedules


class ListSchedules:
    """Reads; never writes."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def __call__(
        self, *, tenant_id: str, workflow_id: str | None, enabled: bool | None, limit: int
    ) -> list[Schedule]:
        """Schedules, oldest first; None does not filter. Raises `Invalid`, `Unavailable`."""
        wanted = None if workflow_id is None else parse_uuid("workflow_id", workflow_id)
        return await self._schedules.find(tenant_id, workflow_id=wanted, enabled=enabled, limit=limit)
