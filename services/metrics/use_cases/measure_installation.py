"""Takes the figures of the whole installation, all tenants together, for Prometheus."""

from dataclasses import dataclass

from services.metrics.domain.fleet import FleetSummary, summary_of
from services.metrics.domain.rollup_keys import TOTAL_KEY
from services.metrics.domain.rollups import Rollup
from services.metrics.ports import Fleet, JobCounter, RollupStore
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Measurement:
    """The fleet now, and all finished jobs since the beginning."""

    fleet: FleetSummary
    finished: Rollup


class MeasureInstallation:
    """Sums only: which tenants, jobs or robots there are cannot be told from it."""

    def __init__(
        self, fleet: Fleet, jobs: JobCounter, rollups: RollupStore, clock: Clock, offline_after_ms: int
    ) -> None:
        self._fleet = fleet
        self._jobs = jobs
        self._rollups = rollups
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(self) -> Measurement:
        """The figures now; robots and waiting jobs may be a second old. Raises `Unavailable`."""
        robots = await self._fleet.of_all()
        jobs = await self._jobs.of_all()
        now_ms = self._clock.now_ms()
        statuses = (robot.status(now_ms=now_ms, offline_after_ms=self._offline_after_ms) for robot in robots)
        finished = await self._rollups.read([TOTAL_KEY])
        return Measurement(summary_of(statuses, jobs), finished[TOTAL_KEY])
