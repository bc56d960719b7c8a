"""A service with a WebSocket, a gateway in front of it in either shape, and raw clients."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.asyncio import client as websockets
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.component.gateway.relayed import front_of
from tests.component.gateway.running_gateway import Running, StartGateway, answer_with
from tests.support.http_server import serving

ROBOT_SOCKET: Final = "/ws/robot/r1"
STREAM: Final = "/api/v1/ws/live-jobs"


@dataclass
class SocketService:
    """Notes each handshake and how it ended; echoes messages, or does as a test tells it."""

    handshakes: list[Scope] = field(default_factory=list)
    ends: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    talk: Callable[[Scope, Receive, Send], Awaitable[None]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer_with(send, b"{}")
            return
        self.handshakes.append(scope)
        assert (await receive())["type"] == "websocket.connect"
        if self.talk is not None:
            await self.talk(scope, receive, send)
        else:
            await self.echo(scope, receive, send)

    async def echo(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Accept, and send back what comes until the client is gone."""
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({**message, "type": "websocket.send"})
        await self.ends.put(message)

    @property
    def headers(self) -> httpx.Headers:
        """Of the last handshake."""
        return httpx.Headers(self.handshakes[-1]["headers"])


@dataclass
class SocketFront:
    """A served gateway with a socket service behind it."""

    running: Running
    url: str

    def connect(self, path: str, headers: dict[str, str] | None = None, **options: Any) -> websockets.connect:
        """A raw client's connection."""
        given = {"compression": None, "max_size": None, "ping_interval": None, **options}
        return websockets.connect(f"ws{self.url.removeprefix('http')}{path}", additional_headers=headers, **given)

    def robot(self, path: str = ROBOT_SOCKET, **options: Any) -> websockets.connect:
        """The connection of a robot with a new key."""
        return self.connect(path, self.running.api_key(), **options)


StartFront = Callable[..., AbstractAsyncContextManager[SocketFront]]


@asynccontextmanager
async def direct(start: StartGateway, service: ASGIApp, **settings: Any) -> AsyncIterator[SocketFront]:
    """The gateway calls `service` in its own process."""
    upstreams = {"dispatcher": service, "metrics": service}
    async with start(upstreams, **settings) as running, serving(running.gateway) as url:
        yield SocketFront(running, url)


@asynccontextmanager
async def relayed(start: StartGateway, service: ASGIApp, **settings: Any) -> AsyncIterator[SocketFront]:
    """The gateway reaches `service` over the network."""
    async with serving(service) as service_url, front_of(start, service_url, **settings) as front:
        yield SocketFront(front.running, front.url)


async def ending_of(client: ClientConnection) -> tuple[list[dict[str, Any]], int | None, str | None]:
    """The frames that come until the server closes, its code and its reason."""
    frames = []
    try:
        async with asyncio.timeout(10):
            while True:
                frames.append(msgspec.json.decode(await client.recv()))
    except ConnectionClosed as closed:
        received = closed.rcvd
    return (frames, received.code, received.reason) if received is not None else (frames, None, None)


async def error_of(client: ClientConnection) -> tuple[str, int | None]:
    """The `code` of the one error frame, and the close code after it."""
    (frame,), code, reason = await ending_of(client)
    assert frame["type"] == "error"
    assert frame["message"].startswith(reason or "")
    return frame["code"], code
