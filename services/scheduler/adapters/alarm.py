"""One wake-up for the next due time, held by APScheduler."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from shared.kernel.clock import Clock

LONGEST_DELAY_MS: Final = 3_600_000
"""Waking early is harmless, and no timer has to bridge years."""
_JOB_ID: Final = "next-due-time"
_CONCURRENT_RINGS: Final = 2
"""One may still be ending while the next begins; further ones add nothing."""

_log: Final = structlog.get_logger(__name__)


class ApschedulerAlarm:
    """`Alarm`. It only wakes: what is due, and when, is decided by the store and `clock`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timer = AsyncIOScheduler(timezone=UTC)
        self._at_ms: int | None = None
        self._ring: Callable[[], Awaitable[object]] | None = None

    def start(self, ring: Callable[[], Awaitable[object]]) -> None:
        """Begin to call `ring`."""
        self._ring = ring
        self._timer.start()
        if self._at_ms is not None:
            self._set(self._at_ms)

    def stop(self) -> None:
        """Call nothing any more; a `ring` under way is cancelled."""
        self._timer.shutdown(wait=False)

    def no_later_than(self, at_ms: int | None) -> None:
        if at_ms is None or (self._at_ms is not None and self._at_ms <= at_ms):
            return
        self._at_ms = at_ms
        if self._timer.running:
            self._set(at_ms)

    def _set(self, at_ms: int) -> None:
        delay_ms = min(max(0, at_ms - self._clock.now_ms()), LONGEST_DELAY_MS)
        self._timer.add_job(
            self._wake,
            DateTrigger(datetime.now(UTC) + timedelta(milliseconds=delay_ms), UTC),
            id=_JOB_ID,
            replace_existing=True,
            misfire_grace_time=None,
            max_instances=_CONCURRENT_RINGS,
        )

    async def _wake(self) -> None:
        self._at_ms = None
        assert self._ring is not None
        try:
            await self._ring()
        except Exception as error:  # noqa: BLE001 - the polling duty will do what this could not
            _log.warning("wake_up_failed", reason=f"{type(error).__name__}: {error}")
