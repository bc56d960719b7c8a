"""The client's side of a relayed request: its body, and whether it is still there."""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self

from starlette.types import Receive

from gateway.errors import ClientGone

WATCHED_AFTER_SECONDS: Final = 0.1
"""Most answers come sooner; those requests are spared the task that watches."""


class RestOfBody:
    """A body of which only the beginning has arrived."""

    def __init__(self, client: "Client", beginning: bytes) -> None:
        self._client = client
        self._beginning = beginning

    def chunks(self) -> AsyncIterator[bytes]:
        """All of it, in chunks as they come; can be begun again as long as it was not begun."""
        return self._client.rest(self._beginning)


class Client:
    """Reads the body; once that is over, a client that hangs up ends the block with `ClientGone`.

    What the block awaits is cancelled then, so that a service need not go on for nobody.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self._open = True
        self._gone = False
        self._cancelled = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._cancelled and self._task is not None and self._task.uncancel() > 0:
            return  # somebody else wants this task to end as well
        if self._gone and error is not None:
            raise ClientGone from error

    async def body(self, *, announced: bool) -> bytes | RestOfBody | None:
        """The whole body when it is there already, else what gives it bit by bit; None when there is none."""
        if not announced:
            self._watch_soon()
            return None
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if message.get("more_body", False):
            return RestOfBody(self, message.get("body", b""))
        self._watch_soon()
        body: bytes = message.get("body", b"")
        return body

    async def rest(self, beginning: bytes) -> AsyncIterator[bytes]:
        """`beginning`, and what follows it."""
        yield beginning
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._gone = True
                raise ClientGone
            more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]
        self._watch_soon()

    def _watch_soon(self) -> None:
        if self._open:
            self._timer = self._loop.call_later(WATCHED_AFTER_SECONDS, self._watch_now)

    def _watch_now(self) -> None:
        self._watch = self._loop.create_task(self._wait_until_gone(), name="client-watch")

    async def _wait_until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._task is not None:
            self._cancelled = self._task.cancel()
