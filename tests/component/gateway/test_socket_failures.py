"""Sockets whose service or client is away, slow or dies."""

import asyncio
from contextlib import suppress

import pytest
from prometheus_client import generate_latest
from starlette.types import Receive, Scope, Send

from gateway import socket_relay
from gateway.sockets import connection
from shared.kernel.errors import Unavailable
from tests.component.gateway.relayed import front_of
from tests.component.gateway.running_gateway import StartGateway, answer_with
from tests.component.gateway.sockets import (
    ROBOT_SOCKET,
    STREAM,
    SocketFront,
    SocketService,
    StartFront,
    direct,
    ending_of,
    error_of,
)
from tests.support.eventually import eventually
from tests.support.http_server import serving
from tests.support.ports import LOOPBACK, free_port
from tests.support.tcp_proxy import TcpProxy

AWAY = ("INTERNAL_ERROR", 1013)


async def test_a_service_that_cannot_be_reached_is_tried_again_later(start_gateway: StartGateway) -> None:
    async with front_of(start_gateway, f"http://{LOOPBACK}:{free_port()}") as front:
        served = SocketFront(front.running, front.url)
        async with served.robot() as client:
            assert await error_of(client) == AWAY


async def test_a_dead_replica_costs_no_connection(start_gateway: StartGateway, service: SocketService) -> None:
    dead = f"http://{LOOPBACK}:{free_port()}"
    other = SocketService()
    async with (
        serving(service) as first,
        serving(other) as second,
        front_of(start_gateway, f"{first},{dead},{second}") as front,
    ):
        for _ in range(9):
            async with SocketFront(front.running, front.url).robot() as client:
                await client.send("x")
                assert await client.recv() == "x"
    assert len(service.handshakes) + len(other.handshakes) == 9
    assert min(len(service.handshakes), len(other.handshakes)) >= 3


async def test_a_service_that_never_answers_the_handshake_counts_as_away(
    start_gateway: StartGateway, front: StartFront, service: SocketService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hesitate(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(connection, "HANDSHAKE_SECONDS", 0.2)
    service.talk = hesitate
    async with front(start_gateway, service) as served, served.robot() as client:
        assert await error_of(client) == AWAY


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, ("AUTH_FAILED", 4001)), (404, ("INVALID_MESSAGE", 4004)), (429, ("RATE_LIMITED", 4029)), (500, AWAY)],
)
async def test_a_handshake_that_a_service_answers_with_http_is_told_with_the_code_that_fits(
    start_gateway: StartGateway, status: int, told: tuple[str, int]
) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer_with(send, b"{}")
            return
        await receive()
        await send({"type": "websocket.http.response.start", "status": status, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    async with (
        serving(refuse) as url,
        front_of(start_gateway, url) as front,
        SocketFront(front.running, front.url).robot() as client,
    ):
        assert await error_of(client) == told


async def test_a_replica_that_dies_in_the_middle_is_told_and_another_is_there(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async with (
        serving(service) as url,
        TcpProxy(int(url.rpartition(":")[2])) as proxy,
        front_of(start_gateway, f"http://{LOOPBACK}:{proxy.port}") as front,
    ):
        served = SocketFront(front.running, front.url)
        async with served.robot() as client:
            await client.send("x")
            await client.recv()
            proxy.reset()
            assert await error_of(client) == AWAY
        async with served.robot() as again:
            await again.send("x")
            assert await again.recv() == "x"


async def test_a_replica_that_vanishes_without_a_word_is_noticed(
    start_gateway: StartGateway, service: SocketService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_relay, "HEARTBEAT_SECONDS", 0.4)
    async with (
        serving(service) as url,
        TcpProxy(int(url.rpartition(":")[2])) as proxy,
        front_of(start_gateway, f"http://{LOOPBACK}:{proxy.port}") as front,
        SocketFront(front.running, front.url).robot() as client,
    ):
        await client.send("x")
        await client.recv()
        proxy.cut()
        assert await error_of(client) == AWAY


async def test_a_service_that_fails_closes_only_that_socket(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].endswith("/bad"):
            await send({"type": "websocket.accept"})
            raise Unavailable("the store is away")
        await service.echo(scope, receive, send)

    service.talk = fail
    async with front(start_gateway, service) as served, served.robot() as good:
        async with served.robot("/ws/robot/bad") as bad:
            assert await error_of(bad) == AWAY
        await good.send("x")
        assert await good.recv() == "x"


async def test_a_client_that_vanishes_is_noticed_by_the_service(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    async with front(start_gateway, service) as served:
        client = await served.robot()
        await client.send("x")
        await client.recv()
        client.transport.abort()
        async with asyncio.timeout(5):
            told = await service.ends.get()
        assert told["type"] == "websocket.disconnect"
        exposed = served.running.runtime.registry
        await eventually(lambda: b'casare_gateway_open_sockets{kind="robot"} 0.0' in generate_latest(exposed))


async def test_what_a_client_says_before_it_hangs_up_reaches_the_service(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    heard: list[str] = []

    async def answer(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            heard.append(message["text"])
            with suppress(OSError):
                await send({"type": "websocket.send", "text": "noted"})
        await service.ends.put(message)

    service.talk = answer
    words = [str(number) for number in range(20)]
    async with front(start_gateway, service) as served, served.robot() as client:
        for word in words:
            client.protocol.send_text(word.encode())
        client.protocol.send_close(1000)
        client.transport.write(b"".join(client.protocol.data_to_send()))
        async with asyncio.timeout(5):
            end = await service.ends.get()
    assert (heard, end["code"]) == (words, 1000)


async def test_a_client_that_vanishes_while_the_service_talks_ends_the_service(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    ended = asyncio.Event()

    async def talk_without_end(_scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await send({"type": "websocket.accept"})
            while True:
                await send({"type": "websocket.send", "text": "x" * 10_000})
                await asyncio.sleep(0)
        except OSError:
            ended.set()

    service.talk = talk_without_end
    async with front(start_gateway, service) as served:
        client = await served.robot()
        await client.recv()
        client.transport.abort()
        async with asyncio.timeout(5):
            await ended.wait()


async def test_a_client_that_does_not_read_holds_up_only_its_own_service_side(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    n_sent = 0

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal n_sent
        if not scope["path"].endswith("/slow"):
            await service.echo(scope, receive, send)
            return
        await send({"type": "websocket.accept"})
        while n_sent < 100_000:
            await send({"type": "websocket.send", "text": "x" * 100_000})
            n_sent += 1
            await asyncio.sleep(0)

    async def stalls() -> bool:
        before = n_sent
        async with served.robot() as quick:
            for _ in range(20):
                await quick.send("x")
                assert await quick.recv() == "x"
        return before == n_sent > 0

    service.talk = flood
    async with front(start_gateway, service) as served:
        slow = await served.robot("/ws/robot/slow", max_queue=1)
        await eventually(stalls)
        assert n_sent < 2_000, "what is not read piles up"
        slow.transport.abort()


async def test_http_that_asks_for_a_sockets_path_is_no_handshake(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async with direct(start_gateway, service) as served, served.running.client() as client:
        assert (await client.get(ROBOT_SOCKET)).status_code == 404


async def test_a_handshake_without_its_key_is_refused_by_the_server(
    start_gateway: StartGateway, service: SocketService
) -> None:
    async with direct(start_gateway, service) as served:
        host, port = served.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET {STREAM} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b" 400 " in await reader.readline()
        writer.close()


async def test_a_client_that_leaves_during_the_handshake_leaves_nothing_behind(
    start_gateway: StartGateway, front: StartFront, service: SocketService
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer_late(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await may_answer.wait()
        await service.echo(scope, receive, send)

    service.talk = answer_late
    async with front(start_gateway, service) as served:
        connecting = asyncio.ensure_future(served.robot().__aenter__())
        await asked.wait()
        connecting.cancel()
        may_answer.set()
        exposed = served.running.runtime.registry
        await eventually(lambda: b'casare_gateway_open_sockets{kind="robot"} 0.0' in generate_latest(exposed))


@pytest.mark.parametrize(
    ("first", "enveloped"),
    [
        ('{"type": "heartbeat", "id": "m1", "payload": {"status": "idle"}}', True),
        ('{"type": "heartbeat", "id": "m1", "status": "idle"}', False),
        ("ping", False),
        (b"\xff", False),
    ],
)
async def test_the_gateways_own_errors_come_in_the_framing_of_the_client(
    start_gateway: StartGateway, front: StartFront, service: SocketService, first: str | bytes, enveloped: bool
) -> None:
    async with front(start_gateway, service) as served, served.robot() as client:
        await client.send(first)
        await client.recv()
        await client.send("x" * 1_000_001)
        (error,), code, _ = await ending_of(client)
    assert (error["type"], code) == ("error", 1009)
    fields = error["payload"] if enveloped else error
    assert set(error) == ({"type", "id", "timestamp", "payload"} if enveloped else {"type", "code", "message"})
    assert (fields["code"], fields["message"]) == ("INVALID_MESSAGE", "A message holds at most 1000000 bytes.")
