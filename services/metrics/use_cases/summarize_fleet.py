"""Sums up a tenant's fleet."""

from services.metrics.domain.fleet import FleetSummary, summary_of
from services.metrics.ports import Fleet, JobCounter
from shared.kernel.clock import Clock


class SummarizeFleet:
    """What the dashboard's head shows."""

    def __init__(self, fleet: Fleet, jobs: JobCounter, clock: Clock, offline_after_ms: int) -> None:
        self._fleet = fleet
        self._jobs = jobs
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self, *, tenant_id: str) -> FleetSummary:
        """The summary now; jobs and robots may be a second old. Raises `Unavailable`."""
        robots = await self._fleet.of_tenant(tenant_id)
        jobs = await self._jobs.of_tenant(tenant_id)
        now_ms = self._clock.now_ms()
        return summary_of((r.status(now_ms=now_ms, offline_after_ms=self._offline_after_ms) for r in robots), jobs)
