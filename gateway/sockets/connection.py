"""One client's WebSocket. `receive` and `send` take the place of the server's for the service behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.types import Message, Receive, Send

from gateway.sockets.envelopes import is_envelope
from gateway.sockets.refusal import NOT_PERMITTED, UNREACHABLE, Ending, SocketRefused
from shared.web.close_codes import CloseCode, can_be_sent, reason_of

HANDSHAKE_SECONDS: Final = 10.0
"""What a service gets to accept or refuse."""
LINGER_SECONDS: Final = 5.0
"""What a client gets to read why it is closed, and a service to hear a client out and end its side."""
_LONGEST_CHARACTER: Final = 4
"""In bytes, as UTF-8."""

HeldBy = Callable[[Receive, Send], Awaitable[None]]
"""A service, called with the client's side of a socket."""

_log: Final = structlog.get_logger(__name__)


class Connection:
    """Opened when the service accepts, closed once: by the client, by the service, or by `end`."""

    __slots__ = (
        "_announced",
        "_is_enveloped",
        "_is_unread",
        "_limit",
        "_max_bytes",
        "_now_ms",
        "_receive",
        "_refused",
        "_send",
        "_told",
        "accepted",
        "close_code",
        "request_id",
    )

    def __init__(self, receive: Receive, send: Send, request_id: str, now_ms: Callable[[], int]) -> None:
        self._receive = receive
        self._send = send
        self._now_ms = now_ms
        self._limit: asyncio.Timeout | None = None
        self._announced = False
        self._is_enveloped: bool | None = None
        """How the client writes, by the first that it said."""
        self._is_unread = False
        """Whether the client has hung up. What it said before is received still."""
        self._max_bytes = 0
        self._told: asyncio.Event | None = None
        """Set once the client knows why this side closes, or will never."""
        self._refused: Ending | None = None
        self.request_id = request_id
        self.accepted = False
        self.close_code: int | None = None
        """Whoever closed; None while open."""

    async def hold(self, service: HeldBy, max_bytes: int) -> None:
        """Let `service` talk with the client until one of them is done.

        A message from the client over `max_bytes` ends it. Raises `SocketRefused`, or a `CasareError` of a relay.
        """
        self._max_bytes = max_bytes
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS) as self._limit:
                await service(self.receive, self.send)
        except OSError:  # also a `TimeoutError`
            if self.close_code is None and not self._is_unread and self.accepted:
                raise
        finally:
            self._limit = None
            if self._told is not None:
                await self._told.wait()
            if self._is_unread and self.close_code is None:
                self.close_code = CloseCode.GOING_AWAY
        if self.close_code is None:
            raise SocketRefused(self._refused or UNREACHABLE)

    async def receive(self) -> Message:
        """The next message for the service."""
        if not self._announced:
            self._announced = True
            return {"type": "websocket.connect"}
        if self.close_code is not None:
            return {"type": "websocket.disconnect", "code": self.close_code}
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            if self.close_code is None:
                self.close_code = message.get("code", CloseCode.GOING_AWAY)
        elif _n_bytes(message, self._max_bytes) > self._max_bytes:
            await self.end(Ending(CloseCode.MESSAGE_TOO_BIG, f"A message holds at most {self._max_bytes} bytes."))
            return {"type": "websocket.disconnect", "code": CloseCode.MESSAGE_TOO_BIG}
        elif self._is_enveloped is None:
            self._is_enveloped = is_envelope(message)
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the service says; waits as long as the client does not read. Raises `OSError` once closed.

        A client that has hung up may have said something before, which is received until its disconnect.
        """
        if self.close_code is not None or self._is_unread:
            raise BrokenPipeError("the socket is closed")
        if message["type"] == "websocket.accept":
            await self._accept(message)
        elif message["type"] == "websocket.close":
            await self._close(message)
        else:
            await self._say(message)

    async def _say(self, message: Message) -> None:
        try:
            await self._send(message)
        except OSError:
            self._is_unread = True
            self._allow(LINGER_SECONDS)
            raise

    async def _accept(self, message: Message) -> None:
        self.accepted = True
        if self.close_code is None:
            self._allow(None)
        headers = [(b"x-request-id", self.request_id.encode())]
        await self._say({"type": "websocket.accept", "subprotocol": message.get("subprotocol"), "headers": headers})

    def _allow(self, seconds: float | None) -> None:
        """Give the service so much longer; None: as long as it likes."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    async def _close(self, message: Message) -> None:
        if not self.accepted:
            self._refused = NOT_PERMITTED
            return
        code = message.get("code", CloseCode.NORMAL)
        code = code if can_be_sent(code) else CloseCode.NORMAL
        self.close_code = code
        await self._say({"type": "websocket.close", "code": code, "reason": reason_of(message.get("reason") or "")})

    async def end(self, ending: Ending) -> None:
        """Tell the client why, and close; returns once it is told or can be told no more. Repeats change nothing."""
        if self.close_code is not None:
            return
        self.close_code = ending.code
        self._told = asyncio.Event()
        self._allow(LINGER_SECONDS)
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                if not self.accepted:
                    await self._accept({})
                await self._say({"type": "websocket.send", "text": self._told_as(ending)})
                await self._say(
                    {"type": "websocket.close", "code": int(ending.code), "reason": reason_of(ending.message)}
                )
        except OSError as error:  # also a `TimeoutError`
            _log.debug("socket_not_told", request_id=self.request_id, reason=type(error).__name__)
        finally:
            self._told.set()

    def _told_as(self, ending: Ending) -> str:
        return ending.envelope(self.request_id, self._now_ms()) if self._is_enveloped else ending.frame()


def _n_bytes(message: Message, at_most: int) -> int:
    """The size of a message, counted exactly only where it could matter."""
    text = message.get("text")
    if text is None:
        return len(message.get("bytes") or b"")
    return len(text) if len(text) * _LONGEST_CHARACTER <= at_most or len(text) > at_most else len(text.encode())
