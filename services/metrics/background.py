"""The metrics service's timed duties. Each is safe to run in every replica at once."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from services.metrics.use_cases.remove_expired import RemoveExpired
from services.metrics.use_cases.roll_up_facts import RollUpFacts
from shared.web.periodic import Duty

REMOVE_EVERY_SECONDS: Final = 600.0


def duties(
    roll_up: RollUpFacts, remove_expired: RemoveExpired, *, roll_up_every_seconds: float, registry: CollectorRegistry
) -> Sequence[Duty]:
    """One duty per timer, named for what it does."""
    rolled = Counter("casare_metrics_facts_rolled_total", "Finished jobs added to the rollups", registry=registry)

    async def roll_up_and_count() -> None:
        rolled.inc(await roll_up())

    return (
        Duty("roll-up-facts", roll_up_every_seconds, roll_up_and_count),
        Duty("remove-expired", REMOVE_EVERY_SECONDS, remove_expired),
    )
