"""Time that moves only when a test says so."""

from typing import Final

_MILLISECONDS_PER_SECOND: Final = 1000
_MIDWINTER_2026_MS: Final = 1_767_268_800_000  # 2026-01-01T12:00:00Z: no daylight saving, no leap day near


class ManualClock:
    """A `Clock` that stands still until `advance`."""

    def __init__(self, now_ms: int = _MIDWINTER_2026_MS) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        return self._now_ms

    def advance(self, *, ms: int = 0, seconds: float = 0) -> int:
        """Moves on by `ms` plus `seconds`; returns the new time in epoch milliseconds.

        Raises ValueError for a negative step: a test of a clock that runs backwards makes a second one.
        """
        step_ms = ms + round(seconds * _MILLISECONDS_PER_SECOND)
        if step_ms < 0:
            raise ValueError(f"time does not go back: {step_ms} ms")
        self._now_ms += step_ms
        return self._now_ms
