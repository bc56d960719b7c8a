"""Keeps what a terminal job event says, once per job."""

from enum import StrEnum
from typing import Final

from services.metrics.domain.facts import fact_of
from services.metrics.ports import FactStore
from shared.events import CloudEvent
from shared.kernel.clock import Clock

MARGIN_MS: Final = 3_600_000
"""More than replicas' clocks ever differ."""


class Outcome(StrEnum):
    """What became of an event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    TOO_LATE = "too_late"
    """Its job ended so long ago that whether it was counted is forgotten; not counting it is the safe answer."""


class RecordJobFact:
    """Idempotent on the job: terminal states never change, so a job's first fact is its only one.

    A fact is removed `keep_ms` after it was rolled up, which is later than its job's end. So an event older than
    `keep_ms` may have been counted already; it is left out, and a repeated event never counts twice.
    """

    def __init__(self, facts: FactStore, clock: Clock, keep_ms: int) -> None:
        self._facts = facts
        self._clock = clock
        self._keep_ms = keep_ms

    async def __call__(self, event: CloudEvent) -> Outcome:
        """What became of the event. Raises `MalformedEvent`, `Unavailable`; after the latter it may be stored."""
        fact = fact_of(event)
        if fact.finished_ms < self._clock.now_ms() - self._keep_ms + MARGIN_MS:
            return Outcome.TOO_LATE
        return Outcome.APPLIED if await self._facts.add(fact) else Outcome.DUPLICATE
