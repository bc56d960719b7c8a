"""Adds new facts to the rollups, each exactly once.

Per batch: (1) pick facts that do not say `rolled`; (2) read their rollups; (3) read again which of the picked jobs,
and of the jobs the rollups name as `applied`, are still pending; (4) write each rollup with the pending jobs it lacks,
guarded by the version read in (2); (5) mark the jobs that every one of their rollups has.

Why a job is never counted twice: its id leaves `applied` only in a write of (4) whose (3) saw the fact rolled. Whoever
reads the rollup after that write sees the fact rolled in its own (3), which follows (2), and skips the job; whoever
read the rollup before it fails on the version. Why none is missed: it stays pending until (5), and (5) marks it only
when every rollup named it, in (2) or by a write that succeeded. So a crash between any two steps, several replicas at
once, or an answer lost after the write leave work to repeat, and repeating it changes nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from services.metrics.domain.facts import JobFact
from services.metrics.domain.rollup_keys import RollupKey, keys_of
from services.metrics.domain.rollups import Rollup
from services.metrics.ports import FactStore, RollupStore
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId

BATCH: Final = 500


class RollUpFacts:
    """Rolls up a batch of what waits; a rollup lost to another replica waits for the next call."""

    def __init__(self, facts: FactStore, rollups: RollupStore, clock: Clock, new_id: NewId) -> None:
        self._facts = facts
        self._rollups = rollups
        self._clock = clock
        self._new_id = new_id

    async def __call__(self) -> int:
        """How many facts were rolled up, `BATCH` at most: with as many, more may wait. Raises `Unavailable`."""
        picked = await self._facts.pending(BATCH)
        if not picked:
            return 0
        rollups = await self._rollups.read({key for fact in picked for key in keys_of(fact)})
        pending = await self._facts.still_pending(_jobs_in(picked, rollups))
        facts = [fact for fact in picked if fact.job_id in pending]
        lost = await self._write(rollups, facts, pending)
        settled = [fact.job_id for fact in facts if lost.isdisjoint(keys_of(fact))]
        if settled:
            await self._facts.mark_rolled(settled, self._clock.now_ms())
        return len(settled)

    async def _write(
        self, rollups: Mapping[RollupKey, Rollup], facts: Sequence[JobFact], pending: set[str]
    ) -> set[RollupKey]:
        """Add `facts` to their rollups; returns the keys that another replica wrote first."""
        facts_of: dict[RollupKey, list[JobFact]] = {key: [] for key in rollups}
        for fact in facts:
            for key in keys_of(fact):
                facts_of[key].append(fact)
        changed = {
            key: grown
            for key, rollup in rollups.items()
            if (grown := rollup.plus(facts_of[key], unsettled=pending, write_id=self._new_id())) is not None
        }
        saved = await asyncio.gather(*(self._rollups.save(rollup) for rollup in changed.values()))
        return {key for key, ok in zip(changed, saved, strict=True) if not ok}


def _jobs_in(facts: Sequence[JobFact], rollups: Mapping[RollupKey, Rollup]) -> set[str]:
    applied = {job_id for rollup in rollups.values() for job_id in rollup.applied}
    return applied | {fact.job_id for fact in facts}
