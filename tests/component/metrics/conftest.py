"""One replica of the metrics service."""

from collections.abc import AsyncIterator

import pytest

from tests.component.metrics.running_metrics import Metrics, open_metrics
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """2026-01-01T12:00:00Z."""
    return ManualClock()


@pytest.fixture
async def metrics(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Metrics]:
    """The service, its duties running."""
    async with open_metrics(store_url, database_name, clock) as running:
        yield running
