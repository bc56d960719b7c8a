"""Fire every schedule whose next run has come."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from services.scheduler.domain.schedule import Schedule
from services.scheduler.ports import Schedules
from services.scheduler.use_cases.fire_schedule import FireSchedule, Outcome
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable

CONCURRENT_FIRINGS: Final = 64
"""As many as the store takes in one grouped write."""

_log: Final = structlog.get_logger(__name__)


@dataclass(slots=True)
class FirePass:
    """What one pass over the due schedules did."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    n_broken: int = 0
    """Schedules whose firing hit a defect; they stay due and are tried at the next pass."""


class FireDueSchedules:
    """Safe in all replicas at once, and at any moment: each firing is (`FireSchedule`)."""

    def __init__(self, schedules: Schedules, fire: FireSchedule, clock: Clock, *, batch: int) -> None:
        self._schedules = schedules
        self._fire = fire
        self._clock = clock
        self._batch = batch
        self._free = asyncio.Semaphore(CONCURRENT_FIRINGS)

    async def __call__(self) -> FirePass:
        """What was done. Raises `Unavailable` when the store went away; whatever is left is still due."""
        done = FirePass()
        seen: set[tuple[str, int]] = set()
        while True:
            found = await self._schedules.due(self._clock.now_ms(), self._batch)
            due = [schedule for schedule in found if (schedule.schedule_id, schedule.version) not in seen]
            seen.update((schedule.schedule_id, schedule.version) for schedule in due)
            await self._fire_all(due, done)
            if not due or len(found) < self._batch:
                return done

    async def _fire_all(self, due: Sequence[Schedule], done: FirePass) -> None:
        results = await asyncio.gather(*map(self._fire_one, due), return_exceptions=True)
        unavailable: Unavailable | None = None
        for schedule, result in zip(due, results, strict=True):
            if isinstance(result, Unavailable):
                unavailable = result
            elif isinstance(result, BaseException):
                done.n_broken += 1
                reason = f"{type(result).__name__}: {result}"
                _log.error("schedule_not_fired", schedule_id=schedule.schedule_id, reason=reason)
            else:
                done.outcomes.update(result)
        if unavailable is not None:
            raise unavailable

    async def _fire_one(self, schedule: Schedule) -> list[Outcome]:
        async with self._free:
            return await self._fire(schedule)
