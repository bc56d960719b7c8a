"""Answers that go on (Server-Sent Events): for as long as the client listens, its credential is good, and we run."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from starlette.types import Message, Send

from gateway.exchange import Exchange
from gateway.identity import Caller, Credential
from gateway.routing import SocketKind
from gateway.sockets.open_sockets import OpenSockets
from gateway.sockets.watch import Watch
from shared.kernel.errors import CasareError, Unauthenticated, Unavailable

FAREWELL_SECONDS: Final = 5.0
"""What a client gets to read what was sent before the end."""
_STOPS: Final = "This server stops; connect again."

Service = Callable[[Send], Awaitable[None]]
"""A service with a request, told where its answer goes."""


class EventStreams:
    """The open ones; they count as streams like those on sockets."""

    def __init__(self, open_sockets: OpenSockets, watch: Watch) -> None:
        self._open = open_sockets
        self._watch = watch
        self._streams: set[_Stream] = set()
        self._draining = False

    async def hold(self, service: Service, caller: Caller, credential: Credential, exchange: Exchange) -> None:
        """Let `service` answer. Raises `RateLimited` when the caller has too many; `Unauthenticated`, or `Unavailable`
        as the process stops, when it must end before the answer has begun.
        """
        if self._draining:
            raise Unavailable(_STOPS)
        stream = _Stream(exchange)
        with self._open.counted(SocketKind.STREAM, caller), self._watch.over(caller, credential, stream.refuse):
            self._streams.add(stream)
            try:
                await stream.hold(service)
            finally:
                self._streams.discard(stream)

    def drain(self) -> None:
        """End them all: clients connect again, to another process."""
        self._draining = True
        for stream in tuple(self._streams):
            stream.end(Unavailable(_STOPS))


class _Stream:
    """One answer. A client sees it end as if the service had nothing more to say, and asks again."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._limit: asyncio.Timeout | None = None
        self._reason: CasareError | None = None

    async def hold(self, service: Service) -> None:
        try:
            async with asyncio.timeout(None) as self._limit:
                await service(self._send)
        except TimeoutError:
            if self._reason is None:
                raise
            await self._farewell(self._reason)
        finally:
            self._limit = None

    async def refuse(self, reason: Unauthenticated) -> None:
        """The credential is no longer good."""
        self.end(reason)

    def end(self, reason: CasareError) -> None:
        """Stop the service's answer."""
        self._reason = reason
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _send(self, message: Message) -> None:
        if self._reason is None:
            await self._exchange.send(message)

    async def _farewell(self, reason: CasareError) -> None:
        if not self._exchange.status:
            raise reason
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._exchange.send({"type": "http.response.body", "body": b"", "more_body": False})
