"""The metrics service's timed duties. Each is safe to run in every replica at once."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from services.metrics.use_cases.remove_expired import RemoveExpired
from services.metrics.use_cases.roll_up_facts import BATCH, RollUpFacts
from services.metrics.use_cases.run_rebuild import RunRebuild
from shared.web.periodic import Duty

REMOVE_EVERY_SECONDS: Final = 600.0
LOOK_FOR_REBUILD_EVERY_SECONDS: Final = 1.0


def duties(
    roll_up: RollUpFacts,
    remove_expired: RemoveExpired,
    run_rebuild: RunRebuild,
    *,
    roll_up_every_seconds: float,
    registry: CollectorRegistry,
) -> Sequence[Duty]:
    """One duty per timer, named for what it does."""
    rolled = Counter("casare_metrics_facts_rolled_total", "Finished jobs added to the rollups", registry=registry)

    async def roll_up_and_count() -> None:
        n_rolled = BATCH
        while n_rolled == BATCH and not await run_rebuild.is_busy():
            n_rolled = await roll_up()
            rolled.inc(n_rolled)

    return (
        Duty("roll-up-facts", roll_up_every_seconds, roll_up_and_count),
        Duty("rebuild-rollups", LOOK_FOR_REBUILD_EVERY_SECONDS, run_rebuild),
        Duty("remove-expired", REMOVE_EVERY_SECONDS, remove_expired),
    )
