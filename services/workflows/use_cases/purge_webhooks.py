"""Forget webhooks that were deleted long ago."""

from typing import Final

from services.workflows.ports import Webhooks
from shared.kernel.clock import Clock

KEEP_MS: Final = 2 * 24 * 3_600_000
"""Longer than an Idempotency-Key lives: the repeat of a creation must not bring a deleted webhook back."""


class PurgeWebhooks:
    """Deletes what is marked; every replica may do it at once."""

    def __init__(self, webhooks: Webhooks, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    async def __call__(self) -> int:
        """How many were forgotten. Raises `Unavailable`."""
        return await self._webhooks.purge(self._clock.now_ms() - KEEP_MS)
