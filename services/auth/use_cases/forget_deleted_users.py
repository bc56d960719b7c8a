"""Deleting what is left of accounts that are gone."""

from typing import Final

from services.auth.ports import Users
from shared.kernel.clock import Clock

KEPT_MS: Final = 9 * 24 * 3_600_000
"""Longer than a session can live: until then the name's next bearer goes on from the former one's version."""


class ForgetDeletedUsers:
    """Keeps the collection bounded. Replicas may do it at once: a document is deleted only once."""

    def __init__(self, *, users: Users, clock: Clock) -> None:
        self._users = users
        self._clock = clock

    async def __call__(self) -> int:
        """How many documents were deleted."""
        return await self._users.forget_deleted(self._clock.now_ms() - KEPT_MS)
