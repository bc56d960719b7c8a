"""Stop a schedule from firing."""

from services.scheduler.domain.schedule import Schedule
from services.scheduler.use_cases.change_schedule import ChangeSchedule
from shared.events.scheduler import ScheduleDisabled
from shared.kernel.clock import Clock


class DisableSchedule:
    """Idempotent. A firing under way in another replica may still create the job of its due time."""

    def __init__(self, change: ChangeSchedule, clock: Clock) -> None:
        self._change = change
        self._clock = clock

    async def __call__(self, *, tenant_id: str, schedule_id: str) -> Schedule:
        """The disabled schedule, without next run. Raises as `ChangeSchedule`."""
        return await self._change(tenant_id=tenant_id, schedule_id=schedule_id, change=self._disabled, event=_event)

    def _disabled(self, schedule: Schedule) -> Schedule:
        return schedule.disable(self._clock.now_ms()) if schedule.enabled else schedule


def _event(schedule: Schedule) -> ScheduleDisabled:
    return ScheduleDisabled(
        schedule_id=schedule.schedule_id, schedule_name=schedule.name, workflow_id=schedule.workflow_id
    )
