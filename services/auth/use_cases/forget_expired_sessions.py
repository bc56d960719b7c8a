"""Deleting sessions that are over."""

from typing import Final

from services.auth.ports import Sessions
from shared.kernel.clock import Clock

KEPT_MS: Final = 24 * 3600 * 1000
"""Kept a day beyond their end, so that a replica with a slow clock still finds what it asks for."""


class ForgetExpiredSessions:
    """Keeps the collection bounded. Replicas may do it at once: a session is deleted only once."""

    def __init__(self, *, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def __call__(self) -> int:
        """How many sessions were deleted."""
        return await self._sessions.forget_expired(self._clock.now_ms() - KEPT_MS)
