"""Forget workflows that were deleted a while ago."""

from typing import Final

from services.workflows.ports import Workflows
from shared.kernel.clock import Clock

KEEP_MS: Final = 24 * 3_600_000
"""As long as an idempotency key lives: until then a repeated submission must find that its workflow is gone."""


class RemoveTombstones:
    """Removes tombstones whose events are out. Replicas may run it at once."""

    def __init__(self, workflows: Workflows, clock: Clock) -> None:
        self._workflows = workflows
        self._clock = clock

    async def __call__(self) -> int:
        """How many were removed. Raises `Unavailable`."""
        return await self._workflows.remove_deleted_before(self._clock.now_ms() - KEEP_MS)
