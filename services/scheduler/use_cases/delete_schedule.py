"""Delete a schedule."""

from services.scheduler.domain.schedule import Schedule
from services.scheduler.use_cases.change_schedule import ChangeSchedule
from shared.events.scheduler import ScheduleDeleted
from shared.kernel.clock import Clock


class DeleteSchedule:
    """One guarded write, as any change: what remains is removed a day later (`RemoveDeletedSchedules`).

    A firing under way in another replica may still create the job of its due time; it moves the schedule on no more,
    so nothing follows.
    """

    def __init__(self, change: ChangeSchedule, clock: Clock) -> None:
        self._change = change
        self._clock = clock

    async def __call__(self, *, tenant_id: str, schedule_id: str) -> Schedule:
        """The schedule as it went; its jobs go on. Raises as `ChangeSchedule`."""
        return await self._change(tenant_id=tenant_id, schedule_id=schedule_id, change=self._deleted, event=_event)

    def _deleted(self, schedule: Schedule) -> Schedule:
        return schedule.delete(self._clock.now_ms())


def _event(schedule: Schedule) -> ScheduleDeleted:
    return ScheduleDeleted(
        schedule_id=schedule.schedule_id, schedule_name=schedule.name, workflow_id=schedule.workflow_id
    )
