"""Check a cron expression before anything is stored for it."""

from services.scheduler.use_cases.first_run import first_run_ms
from shared.kernel.clock import Clock


class PreviewSchedule:
    """Computes; stores nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __call__(self, *, cron: str, timezone: str) -> int | None:
        """When a schedule made now would run first (epoch ms). Raises `InvalidCron`, `InvalidTimezone`."""
        return first_run_ms(cron, timezone, self._clock.now_ms())
