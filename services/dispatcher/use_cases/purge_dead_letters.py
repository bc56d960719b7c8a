"""An admin is done with old dead letters."""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.dispatcher.domain.dead_letters import Removal
from services.dispatcher.ports import DeadLetters, Jobs
from services.dispatcher.use_cases.settle_dead_letter import settle_dead_letter
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity

DAY_MS: Final = 86_400_000
SLICE: Final = 250
SLICES: Final = 20
"""Bounds one request to some seconds; what is left is for the next."""


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge did."""

    n_purged: int
    is_complete: bool


class PurgeDeadLetters:
    """Removes dead letters by age, each with its own guarded write and event; safe to repeat and to interrupt."""

    def __init__(self, jobs: Jobs, dead_letters: DeadLetters, clock: Clock) -> None:
        self._jobs = jobs
        self._dead_letters = dead_letters
        self._clock = clock

    async def __call__(self, *, caller: Identity, older_than_days: int) -> Purge:
        """Remove what ended that long ago. Raises `LostRace`, `Unavailable`; some may be removed by then."""
        ended_until_ms = self._clock.now_ms() - older_than_days * DAY_MS
        n_purged = 0
        for _ in range(SLICES):
            found = await self._dead_letters.oldest(caller.tenant_id, ended_until_ms=ended_until_ms, limit=SLICE)
            settled = await asyncio.gather(
                *(settle_dead_letter(self._jobs, job, how=Removal.PURGED, removed_by=caller.subject) for job in found)
            )
            n_purged += sum(settled)
            if len(found) < SLICE:
                return Purge(n_purged, is_complete=True)
        return Purge(n_purged, is_complete=False)
