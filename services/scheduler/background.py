"""Timed duties of the scheduler: firing, and keeping its collections in order."""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from services.scheduler.ports import Alarm, Schedules
from services.scheduler.use_cases.fire_due_schedules import FireDueSchedules
from services.scheduler.use_cases.remove_deleted_schedules import RemoveDeletedSchedules
from shared.kernel.clock import Clock
from shared.web.idempotency import IdempotentResponses
from shared.web.periodic import Duty

TIDY_EVERY_SECONDS: Final = 600.0


class Firing:
    """Fires what is due and sets the alarm for what is next; called by the alarm, and by a duty in case it fails."""

    def __init__(
        self,
        fire_due: FireDueSchedules,
        schedules: Schedules,
        alarm: Alarm,
        clock: Clock,
        registry: CollectorRegistry,
    ) -> None:
        self._fire_due = fire_due
        self._schedules = schedules
        self._alarm = alarm
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._due_times = Counter(
            "casare_schedule_due_times_total", "Due times this replica handled", ("outcome",), registry=registry
        )
        self._defects = Counter(
            "casare_schedule_defects_total", "Schedules whose firing hit a defect", registry=registry
        )

    async def __call__(self) -> None:
        """Raises `Unavailable`."""
        async with self._one_at_a_time:
            done = await self._fire_due()
            for outcome, n_times in done.outcomes.items():
                self._due_times.labels(outcome.value).inc(n_times)
            self._defects.inc(done.n_broken)
        self._alarm.no_later_than(await self._schedules.next_due_ms(self._clock.now_ms()))


def duties(
    firing: Firing, poll_seconds: float, idempotent: IdempotentResponses, remove_deleted: RemoveDeletedSchedules
) -> list[Duty]:
    """What runs beside the routes; each is safe in every replica at once."""
    return [
        Duty("fire-due-schedules", poll_seconds, firing),
        Duty("purge-idempotency-keys", TIDY_EVERY_SECONDS, idempotent.purge),
        Duty("remove-deleted-schedules", TIDY_EVERY_SECONDS, remove_deleted),
    ]
