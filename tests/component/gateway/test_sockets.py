"""WebSockets through the gateway, the same in both shapes."""

import pytest

from tests.component.gateway.running_gateway import StartGateway
from tests.component.gateway.sockets import ROBOT_SOCKET, SocketService, StartFront, direct, error_of, relayed


@pytest.fixture
def service() -> SocketService:
    return SocketService()


@pytest.fixture(params=[direct, relayed])
def front(request: pytest.FixtureRequest) -> StartFront:
    start: StartFront = request.param
    return start


async def test_frames_of_both_kinds_pass_both_ways(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served, served.robot() as client:
        await client.send("text ✓")
        await client.send(b"\x00\xff")
        assert [await client.recv(), await client.recv()] == ["text ✓", b"\x00\xff"]


async def test_without_a_credential_the_client_is_told_after_the_handshake(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served, served.connect(ROBOT_SOCKET) as client:
        assert await error_of(client) == ("AUTH_FAILED", 4001)
    assert service.handshakes == []
