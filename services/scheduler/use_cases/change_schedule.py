"""How enabling and disabling change a schedule: read, decide, compare-and-set, and again when a firing came first."""

from collections.abc import Callable
from typing import Final

from services.scheduler.domain.schedule import Schedule, ScheduleBusy
from services.scheduler.ports import Schedules
from services.scheduler.use_cases.get_schedule import GetSchedule
from shared.events import EventData

TRIES: Final = 10
"""A schedule changes when it fires; losing to that this often in a row does not happen."""


class ChangeSchedule:
    """One guarded write with its event: stored and announced, or neither."""

    def __init__(self, schedules: Schedules) -> None:
        self._schedules = schedules
        self._get = GetSchedule(schedules)

    async def __call__(
        self,
        *,
        tenant_id: str,
        schedule_id: str,
        change: Callable[[Schedule], Schedule],
        event: Callable[[Schedule], EventData],
    ) -> Schedule:
        """The schedule after `change`; one that `change` returns as it is, is not written.

        Raises `Invalid`, `ScheduleNotFound`, `ScheduleBusy`, `Unavailable`.
        """
        for _ in range(TRIES):
            before = await self._get(tenant_id=tenant_id, schedule_id=schedule_id)
            after = change(before)
            if after is before or await self._schedules.save(before, after, event(after)):
                return after
        raise ScheduleBusy("The schedule kept changing; try again.")
