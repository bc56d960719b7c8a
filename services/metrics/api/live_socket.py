"""One client's WebSocket: frames out, `ping` in, and a close code that says what to do next."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.metrics.api.stream_figures import StreamFigures
from services.metrics.domain.frames import Encoded, ErrorFrame, encoded
from services.metrics.use_cases.live.subscriber import Ending, StreamEnded, Subscriber
from shared.kernel.clock import Clock, iso_utc
from shared.kernel.errors import Unavailable
from shared.kernel.tasks import end_tasks
from shared.web.close_codes import CloseCode, reason_of

MOST_CHARACTERS: Final = 65_536
MOST_MESSAGES: Final = 120
"""A client may send so many messages a minute."""
MINUTE_SECONDS: Final = 60.0
TOLD_SECONDS: Final = 60.0
"""How long a client that does not read may take to learn why it was closed; it costs next to nothing meanwhile."""

_CODES: Final = {Ending.TOO_SLOW: CloseCode.TOO_SLOW, Ending.RESTARTING: CloseCode.RESTARTING}
_REASONS: Final = {
    CloseCode.TOO_SLOW: "You do not read fast enough. Connect again with since=<the last seq>.",
    CloseCode.RESTARTING: "The service stops. Connect again with since=<the last seq>.",
    CloseCode.TRY_AGAIN_LATER: "The document store is not reachable. Connect again in a moment.",
    CloseCode.CRASHED: "A defect. Connect again after a pause.",
    CloseCode.RATE_LIMITED: f"More than {MOST_MESSAGES} messages within a minute.",
    CloseCode.MESSAGE_TOO_BIG: f"A message holds at most {MOST_CHARACTERS} characters.",
}
NOT_UNDERSTOOD: Final = "This stream only takes the text 'ping'."
_ERRORS: Final = {
    CloseCode.TRY_AGAIN_LATER: "UNAVAILABLE",
    CloseCode.CRASHED: "INTERNAL_ERROR",
    CloseCode.RATE_LIMITED: "RATE_LIMITED",
    CloseCode.MESSAGE_TOO_BIG: "INVALID_MESSAGE",
}
"""What is told in a frame first, as a failure. A client that falls behind would not read it."""

Frames = AsyncGenerator[Encoded, None]
Follow = Callable[[Subscriber], Frames]
"""Opens a stream for a client."""

_log: Final = structlog.get_logger(__name__)


class LiveSocket:
    """Holds the connection until the client leaves, falls behind, misbehaves, or the service stops."""

    def __init__(self, socket: WebSocket, stream: str, figures: StreamFigures, clock: Clock) -> None:
        self._socket = socket
        self._stream = stream
        self._figures = figures
        self._clock = clock
        self._subscriber = Subscriber()
        self._seq = 0
        """Of the last frame sent."""

    async def hold(self, follow: Follow) -> None:
        """Send the frames of `follow` to the client, who has been accepted."""
        self._figures.opened(self._stream)
        tasks = [
            asyncio.create_task(self._write(follow), name="live-write"),
            asyncio.create_task(self._read(), name="live-read"),
            asyncio.create_task(self._until_ended(), name="live-end"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            codes = [code for task in tasks if task in done and (code := task.result()) is not None]
        finally:
            await end_tasks(tasks)
            self._figures.closed(self._stream)
        if codes:
            await self._close(codes[0])

    async def _write(self, follow: Follow) -> CloseCode | None:
        """Waits as long as the client does not read: what comes meanwhile stays in the subscriber's queue."""
        try:
            # Generators, as the use cases are; closing gives up the place at once.
            async with aclosing(follow(self._subscriber)) as frames:
                async for frame in frames:
                    await self._socket.send_text(frame.text)
                    self._seq = frame.seq
                    self._figures.sent(self._stream)
        except StreamEnded as ended:
            return _CODES[ended.why]
        except Unavailable as error:
            _log.warning("live_stream_ended", stream=self._stream, reason=error.detail)
            return CloseCode.TRY_AGAIN_LATER
        except (WebSocketDisconnect, OSError):
            return None
        except Exception:  # noqa: BLE001 - the crash barrier: the client must be told
            _log.exception("live_stream_crashed", stream=self._stream)
            return CloseCode.CRASHED
        return None

    async def _until_ended(self) -> CloseCode:
        """A writer that waits for a client that does not read would not notice."""
        await self._subscriber.ended.wait()
        assert self._subscriber.why is not None
        return _CODES[self._subscriber.why]

    async def _read(self) -> CloseCode | None:
        allowance = _Allowance()
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            if not allowance.take():
                return CloseCode.RATE_LIMITED
            text = message.get("text")
            if len(text if text is not None else message.get("bytes") or b"") > MOST_CHARACTERS:
                return CloseCode.MESSAGE_TOO_BIG
            answer = "pong" if text == "ping" else self._error("INVALID_MESSAGE", NOT_UNDERSTOOD)
            try:
                await self._socket.send_text(answer)
            except (WebSocketDisconnect, OSError):
                return None

    def _error(self, code: str, message: str) -> str:
        """A frame that says what is wrong and leaves the client where it is."""
        timestamp = iso_utc(self._clock.now_ms())
        return encoded(ErrorFrame(seq=self._seq, timestamp=timestamp, code=code, message=message)).text

    async def _close(self, code: CloseCode) -> None:
        if code is CloseCode.TOO_SLOW:
            self._figures.dropped(self._stream)
        try:
            async with asyncio.timeout(TOLD_SECONDS):
                if code in _ERRORS:
                    await self._socket.send_text(self._error(_ERRORS[code], _REASONS[code]))
                await self._socket.close(code, reason_of(_REASONS[code]))
        except (TimeoutError, RuntimeError, OSError) as error:
            _log.debug("live_client_not_told", stream=self._stream, reason=type(error).__name__)


class _Allowance:
    """How many messages a client may still send."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._left = MOST_MESSAGES

    def take(self) -> bool:
        """Whether one more is fine."""
        now = time.monotonic()
        if now - self._began >= MINUTE_SECONDS:
            self._began, self._left = now, MOST_MESSAGES
        self._left -= 1
        return self._left >= 0
