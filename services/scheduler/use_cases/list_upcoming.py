"""List what a tenant's schedules run next."""

from services.scheduler.domain.identifiers import parse_uuid
from services.scheduler.domain.schedule import Schedule
from services.scheduler.ports import Schedules


class ListUpcoming:
    """Reads; never writes."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def __call__(self, *, tenant_id: str, workflow_id: str | None, limit: int) -> list[Schedule]:
        """Enabled schedules by their next run; None does not filter. Raises `Invalid`, `Unavailable`."""
        wanted = None if workflow_id is None else parse_uuid("workflow_id", workflow_id)
        return await self._schedules.upcoming(tenant_id, workflow_id=wanted, limit=limit)
