"""The workflows service with a real scheduler."""

from collections.abc import AsyncIterator

import pytest

from tests.component.workflows.service import Workflows, open_workflows
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """2026-01-01T12:00:00Z, a Thursday."""
    return ManualClock()


@pytest.fixture
async def workflows(store_url: str, database_name: str, clock: ManualClock) -> AsyncIterator[Workflows]:
    """The service; its scheduler fires nothing by itself."""
    async with open_workflows(store_url, database_name, clock) as opened:
        yield opened
