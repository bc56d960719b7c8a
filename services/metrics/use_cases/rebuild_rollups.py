"""Counts every finished job again and corrects the rollups, while events keep coming.

Per day: (1) read all stored rollups of the day; those not found are empty; (2) read the jobs that ended on it, then
the facts of jobs that are gone; (3) give a fact to each young job without one, as its event would; (4) read which of
their facts do not say `rolled`; (5) write each rollup with the figures of these jobs, those of (4) as `applied`,
guarded by the version read in (1). The total is done so over all days at once.

Why no job is lost: a job missed by (2) ended after (2) began, so no rollup of version (1) had counted it. If one
counts it before (5), the version has changed and (5) fails; else its fact does not say `rolled`, and rolling up counts
it later. Why none counts twice: a counted job whose fact does not say `rolled` at (5) did not at (4) either, since that
never goes back; so it stands in `applied`, and rolling up skips it. A job without a fact has one since (3), or ended
too long ago for its event to be accepted (`record_job_fact.py`). So the proof in `roll_up_facts.py` goes on to hold,
with (5) as one more write whose reading of the facts followed that of the rollup.

Each write corrects one rollup, so a crash leaves some corrected and some not; doing it all again ends the work, and
doing it twice changes nothing. Rolling up pauses meanwhile (`run_rebuild.py`) only so that (5) succeeds.

What can be counted: jobs in `jobs`, and those that are gone from there but still have their fact.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.metrics.domain.facts import JobFact
from services.metrics.domain.recount import Counted, Recount, corrected, counted_again, may_replace_total
from services.metrics.domain.rollup_keys import DAY_MS, TOTAL_KEY, RollupKey, day_of
from services.metrics.domain.rollups import Rollup, empty_rollup
from services.metrics.ports import FactStore, FinishedJobs, RollupStore
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId

TRIES_PER_DAY: Final = 3
SETTLED_AT_ONCE: Final = 500

Progress = Callable[[int, int], Awaitable[None]]
"""Told often, with the days done and the days in all."""


class RebuildDisturbed(Exception):
    """Facts were rolled up meanwhile; nothing is wrong, but the work has to begin again."""


@dataclass(frozen=True, slots=True)
class Retained:
    """How long facts and rollups are kept."""

    facts_ms: int
    rollups_ms: int


class RebuildRollups:
    """Corrects whatever is wrong; right rollups are not written."""

    def __init__(
        self,
        jobs: FinishedJobs,
        facts: FactStore,
        rollups: RollupStore,
        clock: Clock,
        new_id: NewId,
        retained: Retained,
    ) -> None:
        self._jobs = jobs
        self._facts = facts
        self._rollups = rollups
        self._clock = clock
        self._new_id = new_id
        self._retained = retained

    async def __call__(self, progress: Progress) -> bool:
        """Whether the total was corrected too (`may_replace_total`). Raises `RebuildDisturbed`, `Unavailable`."""
        total = (await self._rollups.read([TOTAL_KEY]))[TOTAL_KEY]
        counted = Counted()
        days = await self._days()
        for n_done, day_ms in enumerate(days):

            async def go_on(n_done: int = n_done) -> None:
                await progress(n_done, len(days))

            counted = counted.joined(await self._rebuild_day(day_ms, go_on))
        await progress(len(days), len(days))
        if not may_replace_total(total, counted):
            return False
        await self._save({TOTAL_KEY: total}, {TOTAL_KEY: counted})
        await self._settle(counted.unsettled)
        return True

    async def _days(self) -> list[int]:
        """From the first finished job, and all for which there may be rollups, to tomorrow: clocks may differ."""
        now_ms = self._clock.now_ms()
        oldest_ms = now_ms - self._retained.rollups_ms
        first_ms = await self._jobs.first_ms()
        return list(range(day_of(min(oldest_ms, first_ms or oldest_ms)), now_ms + DAY_MS, DAY_MS))

    async def _rebuild_day(self, day_ms: int, go_on: Callable[[], Awaitable[None]]) -> Counted:
        """Correct the day's rollups; what it adds to the total."""
        for _ in range(TRIES_PER_DAY):
            stored = await self._rollups.of_day(day_ms)
            recount = dict(await self._count_day(day_ms, go_on))
            of_total = recount.pop(TOTAL_KEY, Counted())
            if self._is_past_retention(day_ms) or await self._try_to_save(stored, recount):
                return of_total
        raise RebuildDisturbed

    def _is_past_retention(self, day_ms: int) -> bool:
        return day_ms < self._clock.now_ms() - self._retained.rollups_ms

    async def _count_day(self, day_ms: int, go_on: Callable[[], Awaitable[None]]) -> Recount:
        recount: Recount = {}
        counted: set[str] = set()
        async for portion in self._finished_on(day_ms):
            # A job may be removed between the two walks.
            new = [fact for fact in portion if fact.job_id not in counted]
            counted.update(fact.job_id for fact in new)
            recount = counted_again(recount, new, await self._unsettled(new))
            await go_on()
        return recount

    async def _finished_on(self, day_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        """The jobs of the day; then those that have a fact only."""
        async for facts in self._jobs.between(day_ms, day_ms + DAY_MS):
            yield facts
        async for facts in self._facts.between(day_ms, day_ms + DAY_MS):
            with_job = await self._jobs.existing([fact.job_id for fact in facts])
            yield [fact for fact in facts if fact.job_id not in with_job]

    async def _unsettled(self, facts: Sequence[JobFact]) -> set[str]:
        """The jobs whose facts do not say `rolled`; all of them have one afterwards, but for old ones."""
        rolled = await self._facts.rolled([fact.job_id for fact in facts])
        oldest_ms = self._clock.now_ms() - self._retained.facts_ms
        missing = [fact for fact in facts if fact.job_id not in rolled and fact.finished_ms >= oldest_ms]
        await asyncio.gather(*map(self._facts.add, missing))
        return {fact.job_id for fact in missing} | {job_id for job_id, is_rolled in rolled.items() if not is_rolled}

    async def _try_to_save(self, stored: Mapping[RollupKey, Rollup], recount: Recount) -> bool:
        try:
            await self._save(stored, {**dict.fromkeys(stored, Counted()), **recount})
        except RebuildDisturbed:
            return False
        return True

    async def _save(self, stored: Mapping[RollupKey, Rollup], recount: Recount) -> None:
        rollups = [
            right
            for key, counted in recount.items()
            if (right := corrected(stored.get(key) or empty_rollup(key), counted, self._new_id())) is not None
        ]
        if not all(await asyncio.gather(*map(self._rollups.save, rollups))):
            raise RebuildDisturbed

    async def _settle(self, job_ids: Sequence[str]) -> None:
        """Every rollup names these jobs as applied: they are rolled up."""
        now_ms = self._clock.now_ms()
        for begin in range(0, len(job_ids), SETTLED_AT_ONCE):
            await self._facts.mark_rolled(job_ids[begin : begin + SETTLED_AT_ONCE], now_ms)
