"""A user wants to know what the dead letters are."""

import asyncio
from typing import Final

from services.dispatcher.domain.dead_letters import DeadLetterStats, summarize
from services.dispatcher.ports import DeadLetterQuery, DeadLetters

COUNTED: Final = 5_000
"""At most so many are read: the embedded store took 126 ms for them."""


class SummarizeDeadLetters:
    """Counts all, and breaks down the newest, so that its cost is bounded."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters

    async def __call__(self, *, tenant_id: str) -> DeadLetterStats:
        """The tenant's figures. Raises `Unavailable`."""
        total, oldest, newest = await asyncio.gather(
            self._dead_letters.count(tenant_id),
            self._dead_letters.oldest(tenant_id, limit=1),
            self._dead_letters.newest(DeadLetterQuery(tenant_id, COUNTED)),
        )
        return summarize(newest, total=total, oldest_ms=oldest[0].finished_ms if oldest else None)
