"""Sockets live as long as their credential, and the audit hears of those who were refused one."""

import asyncio

import pytest
from prometheus_client import generate_latest
from starlette.types import Receive, Scope, Send

from gateway.sockets import connection
from shared.events.auth import ApiKeyRevoked, SessionRevoked
from tests.component.gateway.running_gateway import Running, StartGateway
from tests.component.gateway.sockets import ROBOT_SOCKET, STREAM, SocketService, StartFront, direct, error_of
from tests.support.eventually import eventually

ENDED = ("AUTH_FAILED", 4001)


def expiring(running: Running, seconds: int) -> dict[str, str]:
    return running.bearer(exp=running.clock.now_ms() // 1000 + seconds)


async def test_a_socket_ends_with_its_token(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with (
        front(start_gateway, service) as served,
        served.connect(STREAM, served.running.bearer()) as lasting,
        served.connect(STREAM, expiring(served.running, 1)) as client,
    ):
        assert await error_of(client) == ENDED
        assert (await service.ends.get())["code"] == 4001
        await lasting.send("x")
        assert await lasting.recv() == "x"


async def test_a_socket_ends_with_its_session(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served:
        headers = served.running.bearer(), served.running.bearer(sid="other")
        async with served.connect(STREAM, headers[0]) as client, served.connect(STREAM, headers[1]) as other:
            ends_ms = served.running.clock.now_ms() + 3_600_000
            await served.running.publish(
                SessionRevoked(user_id="ada", session_id="session-1", reason="logout", tokens_expire_ms=ends_ms)
            )
            assert await error_of(client) == ENDED
            await other.send("x")
            assert await other.recv() == "x"


async def test_a_socket_ends_with_its_key(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served:
        headers = served.running.api_key()
        async with served.connect(ROBOT_SOCKET, headers) as client, served.robot() as other:
            await served.running.publish(ApiKeyRevoked(key_id=headers["X-Api-Key"].split("_")[1]))
            assert await error_of(client) == ENDED
            await other.send("x")
            assert await other.recv() == "x"


async def test_a_client_that_does_not_read_is_ended_with_its_key_too(
    start_gateway: StartGateway, front: StartFront, service: SocketService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()

    async def talk_without_end(_scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await send({"type": "websocket.accept"})
            while True:
                await send({"type": "websocket.send", "text": "x" * 100_000})
                await asyncio.sleep(0)
        finally:
            ended.set()

    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.3)
    service.talk = talk_without_end
    async with front(start_gateway, service) as served:
        headers = served.running.api_key()
        client = await served.connect(ROBOT_SOCKET, headers, max_queue=1)
        await served.running.publish(ApiKeyRevoked(key_id=headers["X-Api-Key"].split("_")[1]))
        async with asyncio.timeout(10):
            await ended.wait()
        client.transport.abort()


async def test_a_key_that_expires_ends_its_socket(start_gateway: StartGateway, service: SocketService) -> None:
    async with direct(start_gateway, service) as served:
        headers = served.running.api_key(expires_ms=served.running.clock.now_ms() + 500)
        async with served.connect(ROBOT_SOCKET, headers) as client:
            assert await error_of(client) == ENDED


async def test_what_was_not_heard_of_is_found_by_asking_and_not_while_nobody_can_be_asked(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async with direct(start_gateway, service) as served, served.robot() as client:
        running = served.running
        await client.send("1")
        await client.recv()
        running.auth.keys.clear()
        running.auth.down = True
        running.clock.advance(seconds=300)
        await running.gateway.verify_connected()
        await client.send("2")
        assert await client.recv() == "2"
        running.auth.down = False
        await running.gateway.verify_connected()
        assert await error_of(client) == ENDED


async def test_whom_gateway_or_service_refuses_a_socket_the_audit_hears_of(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async def forbid(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4003, "reason": "another robot's"})

    service.talk = forbid
    async with direct(start_gateway, service) as served:
        auth = served.running.auth
        async with served.connect(f"{ROBOT_SOCKET}?api_key=crpa_stolen_{'0' * 64}") as client:
            assert await error_of(client) == ENDED
        async with served.robot() as client:
            await client.wait_closed()
        told = await eventually(lambda: auth.refusals if len(auth.refusals) == 2 else None)
    by_status = {refusal.status: refusal for refusal in told}
    assert by_status[401].claimed_key_id == "stolen"
    assert (by_status[401].code, by_status[401].route) == ("CREDENTIAL_INVALID", "/ws/robot/{robot_id}")
    assert (by_status[403].path, by_status[403].actor_kind) == (ROBOT_SOCKET, "robot")
    assert "0" * 64 not in str(told)


async def test_a_socket_that_ends_with_its_credential_is_no_refusal(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async with direct(start_gateway, service) as served:
        async with served.connect(STREAM, expiring(served.running, 1)) as client:
            assert await error_of(client) == ENDED
        async with served.connect(ROBOT_SOCKET) as client:
            assert await error_of(client) == ENDED
        auth = served.running.auth
        await eventually(lambda: auth.refusals)
        assert [refusal.code for refusal in auth.refusals] == ["CREDENTIAL_MISSING"]


async def test_how_sockets_ended_is_counted_without_a_series_for_each_code_that_a_client_makes_up(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async with direct(start_gateway, service) as served:
        for code in (1000, 3999, 4998):
            async with served.robot() as client:
                await client.close(code)
        async with served.connect("/ws/nothing") as client:
            await client.wait_closed()
        registry = served.running.runtime.registry
        name = "casare_gateway_sockets_closed_total"
        expected = {
            f'{name}{{code="1000",kind="robot"}} 1.0',
            f'{name}{{code="other",kind="robot"}} 2.0',
            f'{name}{{code="4004",kind="unmatched"}} 1.0',
        }
        await eventually(lambda: expected <= set(generate_latest(registry).decode().splitlines()))
