"""One robot's socket: what is sent waits in a bounded queue, so that a robot that does not read harms only itself."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import structlog
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from services.dispatcher.api.robot_socket.frames import FrameWriter, Framing, Outgoing
from services.dispatcher.api.robot_socket.measures import Measures
from shared.kernel.tasks import end_tasks, off_loop
from shared.web.close_codes import CloseCode

MAX_WAITING: Final = 256
"""Messages that may wait for the robot to read."""
CLOSE_SECONDS: Final = 2.0
"""How long a closing frame may take to a robot that perhaps does not read."""
HEAR_OUT_SECONDS: Final = 2.0
"""For so long, at most, a server that restarts takes what has arrived: not every robot says it again elsewhere."""
GONE: Final = 1006
"""Stands for a connection that ended without a word."""

_log: Final = structlog.get_logger(__name__)


class Ended(Exception):
    """The conversation is over: this side ends it, or the robot is gone."""


class Connection:
    """Sends messages in order and ends the conversation with a code."""

    def __init__(self, websocket: WebSocket, writer: FrameWriter, measures: Measures, send_seconds: float) -> None:
        self.framing = Framing.FLAT
        self.code: int | None = None
        """Why it ended; None while it lasts."""
        self.is_unread = False
        """Whether the robot has hung up. What it said before is received still, as it may have finished a job."""
        self._reason = ""
        self._websocket = websocket
        self._writer = writer
        self._measures = measures
        self._send_seconds = send_seconds
        self._waiting: deque[Outgoing] = deque()
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._receiving: asyncio.Task[Message] | None = None
        self._hears_until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing is received any more, and nothing new is sent."""
        return self._over.is_set()

    def send(self, kind: str, fields: Mapping[str, Any], *, answers: str | None = None, n_bytes: int = 0) -> None:
        """Queue a message; a robot that lets too many wait is closed."""
        if self.is_over or self.is_unread:
            return
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
            self.end(CloseCode.TOO_SLOW, "too many messages wait to be read")
            return
        self._waiting.append(Outgoing(kind, fields, self.framing, answers, n_bytes))
        self._ready.set()

    def end(self, code: int, reason: str) -> None:
        """End the conversation once what waits is sent; the first code given holds."""
        if self.code is None:
            self.code, self._reason = code, reason
            if code == CloseCode.RESTARTING:
                self._hears_until = asyncio.get_running_loop().time() + HEAR_OUT_SECONDS
            self._over.set()
            self._ready.set()

    async def receive(self, timeout_seconds: float) -> str | bytes | None:
        """The next message, None when none came in time. Raises `Ended`."""
        if self._receiving is None:
            self._receiving = asyncio.create_task(self._websocket.receive())
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait((self._receiving, over), timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
        has_arrived = self._receiving.done()
        if self.is_over and not (has_arrived and asyncio.get_running_loop().time() < self._hears_until):
            raise Ended
        if not has_arrived:
            return None
        message, self._receiving = self._receiving.result(), None
        if message["type"] == "websocket.disconnect":
            self.end(GONE, "")
            raise Ended
        text: str | None = message.get("text")
        return message.get("bytes", b"") if text is None else text

    async def write(self) -> None:
        """Send what waits until the conversation is over or the robot hangs up."""
        try:
            while self._waiting or not self.is_over:
                if self._waiting:
                    await self._write(self._waiting.popleft())
                else:
                    self._ready.clear()
                    await self._ready.wait()
        except TimeoutError:
            self._waiting.clear()
            self.end(CloseCode.TOO_SLOW, "a message was not read in time")
        except (WebSocketDisconnect, RuntimeError):  # that it is gone is received in its turn
            self._waiting.clear()
            self.is_unread = True
        except Exception:  # noqa: BLE001 - a robot that is told nothing any more must come back
            _log.exception("robot_message_not_written")
            self._waiting.clear()
            self.end(CloseCode.CRASHED, "unexpected error")

    async def _write(self, message: Outgoing) -> None:
        text = await off_loop(message.n_bytes, self._writer.write, message)
        self._measures.sent(message.type)
        await asyncio.wait_for(self._websocket.send_text(text), self._send_seconds)

    async def close(self) -> None:
        """Close the socket with the code that was given, if it is still open."""
        if self._receiving is not None:
            await end_tasks([self._receiving])
        self._measures.closed(self.code or GONE)
        if self.code in (None, GONE) or self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            await asyncio.wait_for(self._websocket.close(self.code, self._reason), CLOSE_SECONDS)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return
