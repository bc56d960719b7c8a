"""Read one schedule."""

from services.scheduler.domain.identifiers import parse_uuid
from services.scheduler.domain.schedule import Schedule, ScheduleNotFound
from services.scheduler.ports import Schedules


class GetSchedule:
    """Reads; never writes."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules

    async def __call__(self, *, tenant_id: str, schedule_id: str) -> Schedule:
        """The schedule. Raises `Invalid` when the id is no UUID, `ScheduleNotFound`, `Unavailable`."""
        schedule = await self._schedules.get(tenant_id, parse_uuid("schedule_id", schedule_id))
        if schedule is None:
            raise ScheduleNotFound(f"There is no schedule {schedule_id}.")
        return schedule
