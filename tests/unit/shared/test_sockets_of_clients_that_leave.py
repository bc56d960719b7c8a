"""A client that leaves in the middle of a conversation is no defect, and is not logged as one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from structlog.testing import capture_logs

from shared.kernel.clock import SystemClock
from shared.web.middleware import ServiceMiddleware
from shared.web.tokens import InternalTokens

Talk = Callable[[WebSocket], Awaitable[Any]]


async def crashes_of(talk: Talk, send: Send) -> list[Any]:
    """What was logged as crashes when `talk` held a socket to a client that says nothing but goodbye."""
    heard = iter(("connect", "disconnect"))

    async def receive() -> Message:
        return {"type": f"websocket.{next(heard)}", "code": 1006}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await talk(WebSocket(scope, receive, send))

    service = ServiceMiddleware(
        app, service="test", tokens=InternalTokens("key", SystemClock()), registry=CollectorRegistry()
    )
    with capture_logs() as logs:
        await service({"type": "websocket", "path": "/ws", "headers": []}, receive, send)
    return [line for line in logs if line["event"] == "socket_crashed"]


async def there(_: Message) -> None:
    """A client that takes everything."""


async def gone(message: Message) -> None:
    """A client that left."""
    raise BrokenPipeError("the client left")


async def says_something(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("x")


async def waits_for_text(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_text()


async def says_it_plainly(socket: WebSocket) -> None:
    """As code does that calls the server without Starlette."""
    await socket._send({"type": "websocket.accept"})


async def loses_a_backend(socket: WebSocket) -> None:
    await socket.accept()
    raise ConnectionResetError("the store is gone")


async def has_a_defect(socket: WebSocket) -> None:
    await socket.accept()
    raise KeyError("a defect")


@pytest.mark.parametrize(("talk", "send"), [(says_something, gone), (waits_for_text, there), (says_it_plainly, gone)])
async def test_a_client_that_left_is_no_crash(talk: Talk, send: Send) -> None:
    assert await crashes_of(talk, send) == []


@pytest.mark.parametrize("talk", [loses_a_backend, has_a_defect])
async def test_what_else_goes_wrong_is_one(talk: Talk) -> None:
    [crash] = await crashes_of(talk, there)
    assert crash["log_level"] == "error"


async def test_a_disconnect_that_starlette_makes_is_no_crash() -> None:
    async def leaves(socket: WebSocket) -> None:
        raise WebSocketDisconnect(1006)

    assert await crashes_of(leaves, there) == []
