"""Remove what deleted schedules leave behind."""

from typing import Final

from services.scheduler.ports import Schedules
from shared.kernel.clock import Clock

KEEP_MS: Final = 24 * 3_600_000
"""As long as `Idempotency-Key` holds: a request that is repeated until then must not make the schedule once more."""


class RemoveDeletedSchedules:
    """Safe in every replica at once: a removal is final, and none happens before the deletion was announced."""

    def __init__(self, schedules: Schedules, clock: Clock) -> None:
        self._schedules = schedules
        self._clock = clock

    async def __call__(self) -> int:
        """How many were removed. Raises `Unavailable`."""
        return await self._schedules.remove_deleted(self._clock.now_ms() - KEEP_MS)
