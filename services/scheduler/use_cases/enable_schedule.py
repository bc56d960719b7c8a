"""Let a schedule fire again from now on."""

from services.scheduler.domain.next_due import next_due
from services.scheduler.domain.schedule import Schedule
from services.scheduler.ports import Alarm
from services.scheduler.use_cases.change_schedule import ChangeSchedule
from shared.events.scheduler import ScheduleEnabled
from shared.kernel.clock import Clock


class EnableSchedule:
    """Idempotent: one that is enabled keeps its next run, so that no due time is lost to a repeat."""

    def __init__(self, change: ChangeSchedule, alarm: Alarm, clock: Clock) -> None:
        self._change = change
        self._alarm = alarm
        self._clock = clock

    async def __call__(self, *, tenant_id: str, schedule_id: str) -> Schedule:
        """The enabled schedule; what was due while it was disabled stays undone. Raises as `ChangeSchedule`."""
        schedule = await self._change(tenant_id=tenant_id, schedule_id=schedule_id, change=self._enabled, event=_event)
        self._alarm.no_later_than(schedule.next_run_ms)
        return schedule

    def _enabled(self, schedule: Schedule) -> Schedule:
        if schedule.enabled:
            return schedule
        now_ms = self._clock.now_ms()
        return schedule.enable(next_due(schedule.cron, schedule.timezone, now_ms), now_ms)


def _event(schedule: Schedule) -> ScheduleEnabled:
    return ScheduleEnabled(
        schedule_id=schedule.schedule_id,
        schedule_name=schedule.name,
        workflow_id=schedule.workflow_id,
        next_run_ms=schedule.next_run_ms,
    )
