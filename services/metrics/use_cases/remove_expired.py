"""Removes what is older than the service keeps."""

from dataclasses import dataclass

from services.metrics.ports import ActivityStore, FactStore, RollupStore
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept."""

    activity_ms: int
    facts_ms: int
    rollups_ms: int


class RemoveExpired:
    """Safe in every replica at once: removing what is gone changes nothing."""

    def __init__(
        self,
        activity: ActivityStore,
        facts: FactStore,
        rollups: RollupStore,
        clock: Clock,
        retention: Retention,
    ) -> None:
        self._activity = activity
        self._facts = facts
        self._rollups = rollups
        self._clock = clock
        self._retention = retention

    async def __call__(self) -> int:
        """How many documents were removed. Raises `Unavailable`."""
        now_ms = self._clock.now_ms()
        n_removed = await self._activity.remove_before(now_ms - self._retention.activity_ms)
        n_removed += await self._facts.remove_rolled_before(now_ms - self._retention.facts_ms)
        return n_removed + await self._rollups.remove_before(now_ms - self._retention.rollups_ms)
