"""The way of a WebSocket to a service in another process: frame by frame, as slowly as the slower side reads."""

import asyncio
from collections.abc import Iterable
from typing import Final

import aiohttp
from multidict import CIMultiDict
from starlette.types import Receive, Scope, Send

from gateway.headers import Header
from gateway.hops import request_headers, url_of
from gateway.sockets.refusal import SocketRefused, ending_of_status
from shared.kernel.errors import Unavailable
from shared.kernel.tasks import end_tasks
from shared.web.close_codes import CloseCode, can_be_sent

HEARTBEAT_SECONDS: Final = 26.0
"""How long a replica may say nothing before it is pinged; half of it later it counts as dead: after 39 s in all."""
GOODBYE_SECONDS: Final = 2.0
"""How long a replica gets to answer a close frame."""
_HANDSHAKE: Final = b"sec-websocket-"
"""Headers that belong to one connection each: this side makes its own."""
_KINDS: Final = {aiohttp.WSMsgType.TEXT: "text", aiohttp.WSMsgType.BINARY: "bytes"}


async def connect(session: aiohttp.ClientSession, base_url: str, scope: Scope) -> aiohttp.ClientWebSocketResponse:
    """An open connection to the socket of `scope` at the replica `base_url`.

    Raises `SocketRefused` when the replica answers the handshake with anything but yes, and what aiohttp raises.
    """
    try:
        return await session.ws_connect(
            url_of(base_url, scope),
            headers=_headers(scope["headers"]),
            protocols=scope.get("subprotocols", ()),
            heartbeat=HEARTBEAT_SECONDS,
            max_msg_size=0,
            timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE_SECONDS),
        )
    except aiohttp.WSServerHandshakeError as error:
        raise SocketRefused(ending_of_status(error.status)) from error


async def hold(upstream: aiohttp.ClientWebSocketResponse, receive: Receive, send: Send) -> None:
    """Relay both ways until one side closes, and close the other likewise. Raises `Unavailable` when it breaks off."""
    to_service = asyncio.create_task(_to_service(upstream, receive), name="socket-to-service")
    try:
        await send({"type": "websocket.accept", "subprotocol": upstream.protocol})
        last = await _to_client(upstream, send)
        if last.type is aiohttp.WSMsgType.CLOSE:
            code = last.data if can_be_sent(last.data or 0) else CloseCode.NORMAL
            await send({"type": "websocket.close", "code": code, "reason": last.extra or ""})
        elif last.type is aiohttp.WSMsgType.CLOSING:
            await to_service  # this side says goodbye
        else:
            raise Unavailable("A service broke off.")
    finally:
        await end_tasks([to_service])
        await upstream.close(code=CloseCode.GOING_AWAY)


async def _to_client(upstream: aiohttp.ClientWebSocketResponse, send: Send) -> aiohttp.WSMessage:
    """Pass frames on until there are no more; the message that said so.

    Those to a client that has hung up are dropped: the other way ends when the service has what it said before.
    """
    is_read = True
    while True:
        message: aiohttp.WSMessage = await upstream.receive()
        kind = _KINDS.get(message.type)
        if kind is None:
            return message
        try:
            if is_read:
                await send({"type": "websocket.send", kind: message.data})
        except OSError:
            is_read = False


async def _to_service(upstream: aiohttp.ClientWebSocketResponse, receive: Receive) -> None:
    """Pass frames on until the client is gone, then close likewise."""
    await receive()  # the handshake, which is over
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            if message.get("text") is not None:
                await upstream.send_str(message["text"])
            else:
                await upstream.send_bytes(message["bytes"])
    except (aiohttp.ClientError, OSError):
        return  # the replica is gone: the other way says so
    code = message.get("code", CloseCode.GOING_AWAY)
    told = code if can_be_sent(code) else CloseCode.GOING_AWAY
    await upstream.close(code=told, message=(message.get("reason") or "").encode())


def _headers(headers: Iterable[Header]) -> CIMultiDict[str]:
    return request_headers(header for header in headers if not header[0].startswith(_HANDSHAKE))
