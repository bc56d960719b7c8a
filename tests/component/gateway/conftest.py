"""What the gateway's component tests share."""

from collections.abc import AsyncIterator

import pytest

from tests.component.gateway.running_gateway import Running, StartGateway, starter
from tests.component.gateway.sockets import SocketService, StartFront, direct, relayed


@pytest.fixture
def start_gateway(store_url: str) -> StartGateway:
    return starter(store_url)


@pytest.fixture
async def running(start_gateway: StartGateway) -> AsyncIterator[Running]:
    """A gateway with default settings."""
    async with start_gateway() as started:
        yield started


@pytest.fixture
def service() -> SocketService:
    """What stands behind the sockets."""
    return SocketService()


@pytest.fixture(params=[direct, relayed])
def front(request: pytest.FixtureRequest) -> StartFront:
    """Starts a served gateway in front of a socket service, in either shape."""
    start: StartFront = request.param
    return start
