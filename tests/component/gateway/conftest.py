"""What the gateway's component tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.component.gateway.running_gateway import Running, StartGateway, starter


@pytest.fixture
def start_gateway(store_url: str) -> StartGateway:
    return starter(store_url)


@pytest.fixture
async def running(start_gateway: StartGateway) -> AsyncIterator[Running]:
    """A gateway with default settings."""
    async with start_gateway() as started:
        yield started
