"""Replicas that move one store call at a time, in any order, and may die before or after each call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from services.metrics.adapters.fact_store import MongoFacts
from services.metrics.adapters.finished_jobs import MongoFinishedJobs
from services.metrics.adapters.rollup_store import MongoRollups
from services.metrics.domain.facts import JobFact
from services.metrics.domain.rollup_keys import DAY_MS, RollupKey
from services.metrics.domain.rollups import Rollup
from services.metrics.use_cases.rebuild_rollups import RebuildRollups, Retained
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from shared.kernel.errors import Unavailable
from shared.kernel.ids import new_id
from shared.storage import Store
from tests.support.clock import ManualClock

ResultT = TypeVar("ResultT")


class Fate(StrEnum):
    """What becomes of a replica at a call."""

    GO = "go"
    DIE_BEFORE = "die-before"
    DIE_AFTER = "die-after"
    """The write happened; nobody learned of it."""
    LOSE_ANSWER = "lose-answer"
    """The write happened; the replica is told that the store was not reachable."""


class Died(BaseException):
    """The process is gone; nothing it runs may catch this."""


@dataclass(slots=True)
class Replica:
    """One process that rolls up facts, held before each store call until the test lets it go on."""

    store: Store
    clock: ManualClock
    rebuilds: bool = False
    """What its rounds do: rebuild the rollups, or roll up facts."""
    waiting: list[asyncio.Future[Fate]] = field(default_factory=list)
    n_in_flight: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    run: asyncio.Task[None] | None = None

    async def step(self, fate: Fate) -> None:
        """Let one call happen, beginning a round when none is under way, and wait until the replica stands again."""
        if self.run is None:
            self.run = asyncio.create_task(self._rebuild() if self.rebuilds else self._roll_up())
            await self._stand()
        if self.waiting:
            self.waiting.pop(0).set_result(fate)
            await self._stand()
        if self.run.done():
            await self._end(self.run)

    async def finish(self) -> None:
        """Let the round under way run to its end."""
        while self.run is not None:
            await self.step(Fate.GO)

    async def round(self) -> None:
        """A whole round, or the rest of the one under way."""
        await self.step(Fate.GO)
        await self.finish()

    async def call(self, operation: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """`operation`, when the test says so and how it says."""
        permission = asyncio.get_running_loop().create_future()
        self.waiting.append(permission)
        self.moved.set()
        fate = await permission
        self.n_in_flight += 1
        try:
            if fate is Fate.DIE_BEFORE:
                raise Died
            result = await operation()
        finally:
            self.n_in_flight -= 1
            self.moved.set()
        if fate is Fate.DIE_AFTER:
            raise Died
        if fate is Fate.LOSE_ANSWER:
            raise Unavailable("The answer was lost.")
        return result

    async def _roll_up(self) -> None:
        await RollUpFacts(HeldFacts(self), HeldRollups(self), self.clock, new_id)()

    async def _rebuild(self) -> None:
        parts = (HeldJobs(self), HeldFacts(self), HeldRollups(self), self.clock, new_id)
        await RebuildRollups(*parts, Retained(facts_ms=DAY_MS, rollups_ms=DAY_MS))(no_progress)

    async def _stand(self) -> None:
        """Wait until the round is over, or all it has under way waits for permission."""
        assert self.run is not None
        self.run.add_done_callback(lambda _: self.moved.set())
        while not self.run.done() and (self.n_in_flight or not self.waiting):
            self.moved.clear()
            await self.moved.wait()

    async def _end(self, run: asyncio.Task[None]) -> None:
        """Forget the round; its calls that still wait never happen."""
        self.run = None
        for permission in self.waiting:
            permission.cancel()
        self.waiting.clear()
        await asyncio.gather(run, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """The real facts, one permitted call at a time."""

    replica: Replica

    @property
    def _real(self) -> MongoFacts:
        return MongoFacts(self.replica.store)

    async def add(self, fact: JobFact) -> bool:
        return await self.replica.call(lambda: self._real.add(fact))

    async def pending(self, limit: int) -> list[JobFact]:
        return await self.replica.call(lambda: self._real.pending(limit))

    async def still_pending(self, job_ids: Collection[str]) -> set[str]:
        return await self.replica.call(lambda: self._real.still_pending(job_ids))

    async def rolled(self, job_ids: Collection[str]) -> Mapping[str, bool]:
        return await self.replica.call(lambda: self._real.rolled(job_ids))

    async def between(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        for facts in await self.replica.call(lambda: all_of(self._real.between(from_ms, to_ms))):
            yield facts

    async def mark_rolled(self, job_ids: Sequence[str], at_ms: int) -> None:
        await self.replica.call(lambda: self._real.mark_rolled(job_ids, at_ms))

    async def remove_rolled_before(self, at_ms: int) -> int:
        return await self.replica.call(lambda: self._real.remove_rolled_before(at_ms))


@dataclass(frozen=True, slots=True)
class HeldRollups:
    """The real rollups, one permitted call at a time."""

    replica: Replica

    @property
    def _real(self) -> MongoRollups:
        return MongoRollups(self.replica.store)

    async def read(self, keys: Collection[RollupKey]) -> Mapping[RollupKey, Rollup]:
        return await self.replica.call(lambda: self._real.read(keys))

    async def of_day(self, starts_ms: int) -> Mapping[RollupKey, Rollup]:
        return await self.replica.call(lambda: self._real.of_day(starts_ms))

    async def save(self, rollup: Rollup) -> bool:
        return await self.replica.call(lambda: self._real.save(rollup))

    async def remove_before(self, at_ms: int) -> int:
        return await self.replica.call(lambda: self._real.remove_before(at_ms))


@dataclass(frozen=True, slots=True)
class HeldJobs:
    """The real jobs, one permitted call at a time."""

    replica: Replica

    @property
    def _real(self) -> MongoFinishedJobs:
        return MongoFinishedJobs(self.replica.store)

    async def first_ms(self) -> int | None:
        return await self.replica.call(self._real.first_ms)

    async def between(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        for facts in await self.replica.call(lambda: all_of(self._real.between(from_ms, to_ms))):
            yield facts

    async def existing(self, job_ids: Collection[str]) -> set[str]:
        return await self.replica.call(lambda: self._real.existing(job_ids))


async def all_of(portions: AsyncIterator[Sequence[JobFact]]) -> list[Sequence[JobFact]]:
    """Every portion, read at once."""
    return [portion async for portion in portions]


async def no_progress(_days_done: int, _days_total: int) -> None:
    """Nobody watches."""
