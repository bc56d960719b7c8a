"""An answer that goes on until the client leaves, falls behind, has had enough, or the service stops."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.metrics.api.live_socket import TOLD_SECONDS, Follow
from services.metrics.api.stream_figures import StreamFigures
from services.metrics.domain.event_text import KEEP_ALIVE
from services.metrics.use_cases.live.subscriber import Ending, StreamEnded, Subscriber
from shared.kernel.errors import Unavailable
from shared.kernel.tasks import end_tasks

KEEP_ALIVE_SECONDS: Final = 15.0
LOOK_SECONDS: Final = 0.02
"""How soon the end of what was missed is noticed when there is no time left to wait for more."""
STREAM: Final = "events"

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of the stream a client wants, and may have."""

    most_blocks: float
    """Events, those that open the stream included."""
    wait_seconds: float
    """How long to wait for events."""
    lifetime_seconds: float
    """How long the caller's token is good for."""

    def is_over(self, began: float) -> bool:
        """Whether a stream that began at `began` has waited long enough."""
        return time.monotonic() - began >= self.wait_seconds

    def patience(self, began: float) -> float:
        """How long to wait for the next event before looking at the time again."""
        return max(LOOK_SECONDS, min(KEEP_ALIVE_SECONDS, began + self.wait_seconds - time.monotonic()))


class EventStreamResponse(Response):
    """Server-Sent Events as they come. `bounds` may end the stream, but not before what was missed was sent."""

    media_type = "text/event-stream"

    def __init__(self, follow: Follow, figures: StreamFigures, bounds: Bounds) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._follow = follow
        self._figures = figures
        self._bounds = bounds
        self._subscriber = Subscriber()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI calls it
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        self._figures.opened(STREAM)
        leaving = asyncio.create_task(_until_left(receive), name="events-left")
        tasks = [
            leaving,
            asyncio.create_task(self._write(send), name="events-write"),
            asyncio.create_task(self._subscriber.ended.wait(), name="events-end"),
            asyncio.create_task(asyncio.sleep(self._bounds.lifetime_seconds), name="events-lifetime"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            has_left = leaving.done()
        finally:
            await end_tasks(tasks)
            self._figures.closed(STREAM)
        if self._subscriber.why is Ending.TOO_SLOW:
            self._figures.dropped(STREAM)
        if not has_left:
            await _finish(send)

    async def _write(self, send: Send) -> None:
        """Waits as long as the client does not read: what comes meanwhile stays in the subscriber's queue."""
        try:
            async with aclosing(self._texts()) as texts:
                async for text in texts:
                    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
        except (StreamEnded, OSError):
            return
        except Unavailable as error:
            _log.warning("live_stream_ended", stream=STREAM, reason=error.detail)
        except Exception:  # noqa: BLE001 - the crash barrier: the answer must end
            _log.exception("live_stream_crashed", stream=STREAM)

    async def _texts(self) -> AsyncGenerator[str, None]:
        """The events, and a comment where there is none for a while."""
        began = told = time.monotonic()
        n_left = self._bounds.most_blocks
        async with aclosing(self._follow(self._subscriber)) as frames:
            upcoming = asyncio.ensure_future(anext(frames))
            try:
                while n_left > 0:
                    await asyncio.wait([upcoming], timeout=self._bounds.patience(began))
                    if upcoming.done():
                        yield upcoming.result().text
                        self._figures.sent(STREAM)
                        told, n_left = time.monotonic(), n_left - 1
                        upcoming = asyncio.ensure_future(anext(frames))
                    elif self._subscriber.is_live and self._bounds.is_over(began):
                        return
                    elif time.monotonic() - told >= KEEP_ALIVE_SECONDS:
                        yield KEEP_ALIVE
                        told = time.monotonic()
            finally:
                await end_tasks([upcoming])


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """The request has no body that matters."""


async def _finish(send: Send) -> None:
    """End the answer properly: a client that reads on comes back with the last `id`."""
    try:
        async with asyncio.timeout(TOLD_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, OSError) as error:
        _log.debug("live_client_not_told", stream=STREAM, reason=type(error).__name__)
