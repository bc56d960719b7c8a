"""Removes what is left of deleted robots."""

from typing import Final

from services.dispatcher.ports import Robots
from shared.kernel.clock import Clock

KEEP_MS: Final = 24 * 3_600_000
"""Long enough for the event of the deletion, and for claims that were under way."""
BATCH: Final = 500


class ForgetDeletedRobots:
    """Removes documents of robots that were deleted a day ago, have no event to publish and no job to give back.

    Replicas may run it at once, and a robot may register again meanwhile: the removal is guarded by all of that.
    """

    def __init__(self, robots: Robots, clock: Clock) -> None:
        self._robots = robots
        self._clock = clock

    async def __call__(self) -> int:
        """Remove what is due now; returns how many. Raises `Unavailable`."""
        return await self._robots.forget_deleted(self._clock.now_ms() - KEEP_MS, BATCH)
