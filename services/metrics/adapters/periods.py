"""Figures of several days, added up from their rollups."""

from services.metrics.adapters.brief_memory import BriefMemory
from services.metrics.domain.figures import Sum, sum_of
from services.metrics.domain.rollup_keys import tenant_day_key
from services.metrics.ports import RollupStore
from shared.kernel.clock import Clock


class RememberedPeriods:
    """`Periods`: one read by `_id` per day, and none again within a second."""

    def __init__(self, rollups: RollupStore, clock: Clock) -> None:
        self._rollups = rollups
        self._sums = BriefMemory(self._read, clock)

    async def of_tenant(self, tenant_id: str, days: tuple[int, ...]) -> Sum:
        return await self._sums.get((tenant_id, days))

    async def _read(self, period: tuple[str, tuple[int, ...]]) -> Sum:
        tenant_id, days = period
        rollups = await self._rollups.read([tenant_day_key(tenant_id, day_ms) for day_ms in days])
        return sum_of(rollups.values())
