"""The server's side of WebSockets: stopping, peers that say nothing, and what must not be in a log."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from cli import server, socket_protocol
from tests.support.eventually import eventually

HANDSHAKE: Final = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
MASKED_PING: Final = b"\x89\xfd" + b"\0" * 4 + b"x" * 125
UNREAD_BYTES: Final = 20_000_000
"""More than the system's buffers between two sockets hold."""


@dataclass
class Echo:
    """Sends back what it receives, and notes how each connection ended."""

    ends: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    greeting: str = "hello"

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": self.greeting})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        await self.ends.put(message)


@dataclass
class Serving:
    port: int
    task: "asyncio.Task[None]"

    async def stop(self) -> None:
        """As SIGTERM does; returns once the server has ended."""
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(asyncio.shield(self.task), 10)


@asynccontextmanager
async def serving(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> AsyncIterator[Serving]:
    listener = server.listen("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(app, listener, on_stop=_nothing))
    started = Serving(listener.getsockname()[1], task)
    try:
        yield started
    finally:
        if not task.done():
            await started.stop()
        listener.close()


def _nothing() -> None: ...


async def raw_socket(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection after its handshake, on which nothing happens by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HANDSHAKE)
    assert b" 101 " in await reader.readline()
    return reader, writer


async def test_a_process_that_stops_sends_its_peers_to_another_one() -> None:
    app = Echo()
    async with serving(app) as started, connect(f"ws://127.0.0.1:{started.port}/ws") as client:
        assert await client.recv() == "hello"
        stopping = asyncio.create_task(started.stop())
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert (await app.ends.get())["code"] == 1012
        await stopping


async def test_a_peer_that_does_not_read_holds_up_no_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_protocol, "GOODBYE_SECONDS", 0.3)
    app = Echo(greeting="x" * UNREAD_BYTES)
    async with serving(app) as started:
        _, writer = await raw_socket(started.port)
        await started.stop()
        writer.transport.abort()


async def test_a_peer_that_answers_no_ping_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_SECONDS", 0.1)
    monkeypatch.setattr(server, "PONG_SECONDS", 0.1)
    monkeypatch.setattr(socket_protocol, "GOODBYE_SECONDS", 0.1)
    app = Echo(greeting="x" * UNREAD_BYTES)
    async with serving(app) as started:
        _, silent = await raw_socket(started.port)
        async with asyncio.timeout(5), connect(f"ws://127.0.0.1:{started.port}/ws", max_size=None) as lively:
            await lively.recv()
            assert (await app.ends.get())["type"] == "websocket.disconnect"
            await lively.send("x")
            assert await lively.recv() == "x"
        silent.transport.abort()


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The server's side of each connection."""
    seen: list[Any] = []
    made = socket_protocol.SocketProtocol.connection_made

    def note(self: socket_protocol.SocketProtocol, transport: Any) -> None:
        seen.append(self)
        made(self, transport)

    monkeypatch.setattr(socket_protocol.SocketProtocol, "connection_made", note)
    return seen


async def test_answers_to_pings_do_not_pile_up_for_a_peer_that_does_not_read(protocols: list[Any]) -> None:
    async with serving(Echo(greeting="x" * UNREAD_BYTES)) as started:
        _, writer = await raw_socket(started.port)
        await eventually(lambda: not protocols[0].writable.is_set())
        before = protocols[0].transport.get_write_buffer_size()
        for _ in range(100):
            writer.write(MASKED_PING * 1_000)
            await writer.drain()
        assert protocols[0].transport.get_write_buffer_size() <= before
        writer.transport.abort()


async def test_a_peer_that_does_not_read_keeps_no_connection_that_is_over(
    protocols: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk_and_leave(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "x" * UNREAD_BYTES})

    monkeypatch.setattr(socket_protocol, "GOODBYE_SECONDS", 0.1)
    async with serving(talk_and_leave) as started:
        _, writer = await raw_socket(started.port)
        await eventually(lambda: protocols[0].disconnected)
        writer.transport.abort()


async def test_a_frame_over_the_cap_is_told_even_to_a_peer_that_sends_it_to_the_end() -> None:
    n_bytes = 20_000_000
    app = Echo(greeting="")
    async with serving(app) as started:
        reader, writer = await raw_socket(started.port)
        await reader.readuntil(b"\x81\x00")
        writer.write(b"\x82\xff" + n_bytes.to_bytes(8, "big") + b"\0" * 4)
        assert (await app.ends.get())["code"] == 1009
        writer.write(b"x" * n_bytes)
        await writer.drain()
        close_frame = await reader.readexactly(4)
        assert (close_frame[0], int.from_bytes(close_frame[2:], "big")) == (0x88, 1009)
        writer.close()


async def test_frames_are_not_compressed() -> None:
    async with serving(Echo()) as started, connect(f"ws://127.0.0.1:{started.port}/ws") as client:
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers


async def test_no_log_has_the_credential_of_a_handshake(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("websockets.client").setLevel(logging.WARNING)  # the test's own side
        async with serving(Echo()) as started:
            url = f"ws://127.0.0.1:{started.port}/ws?api_key=the-secret"
            async with connect(url, additional_headers={"X-Api-Key": "the-secret"}) as client:
                await client.send("the-secret-payload")
                await client.recv()
    assert "the-secret" not in caplog.text
