"""One replica of the scheduler and a workflow to schedule."""

from collections.abc import AsyncIterator

import pytest

from tests.component.scheduler.service import Scheduler, open_scheduler, store_workflow
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """2026-01-01T12:00:00Z, a Thursday."""
    return ManualClock()


@pytest.fixture
async def scheduler(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Scheduler]:
    """A replica that fires when told to, and a stored workflow."""
    async with open_scheduler(store_url, database_name, clock) as opened:
        await store_workflow(opened)
        yield opened
