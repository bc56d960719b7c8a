"""uvicorn's WebSockets, made safe for a front door: no credential in logs, no peer that holds a closed connection."""

import logging
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from shared.web.close_codes import CloseCode

MAX_MESSAGE_BYTES: Final = 2_000_000
"""Of what comes in, in any process: more than the gateway passes on, so that it can say in a frame what is wrong.
Beyond it there is only a close frame. What goes out may be far larger: an assignment carries its workflow."""
PING_SECONDS: Final = 20.0
PONG_SECONDS: Final = 20.0
"""Together: when a peer that vanished without a word is noticed."""
GOODBYE_SECONDS: Final = 5.0
"""What a peer gets to read what was sent before the close frame, and to answer it."""
REST_SECONDS: Final = 1.0
"""How long what a peer still sends is read after a frame that was refused: unread, it would make the close frame a
reset connection."""

_quiet: Final = logging.getLogger("casare.sockets")
_quiet.setLevel(logging.WARNING)
"""Below that, uvicorn and websockets log the URL of every handshake, and with it the credential in its query."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """One connection of the server."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = self.conn.logger = _quiet
        self.conn.debug = False
        self.close_timeout = GOODBYE_SECONDS

    def handle_ping(self) -> None:
        """Answer, unless the peer does not read: its answers would pile up."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def keepalive_timeout(self) -> None:
        """The peer did not answer a ping: it will not read a goodbye either."""
        super().keepalive_timeout()
        self._abort_soon()

    def handle_parser_exception(self) -> None:
        """The peer broke the protocol or sent too much: it is told, and gets a moment to read it."""
        if not self.close_sent:
            assert self.conn.close_sent is not None
            self._goodbye(self.conn.close_sent.code, self.conn.close_sent.reason)
            self.loop.call_later(REST_SECONDS, self.transport.close)

    def shutdown(self) -> None:
        """The process stops: the peer shall connect to another one."""
        if self.close_sent or not self.handshake_complete:
            super().shutdown()
            self._abort_soon()
            return
        self.conn.send_close(CloseCode.RESTARTING)
        self._goodbye(CloseCode.RESTARTING, "")

    def _goodbye(self, code: int, reason: str) -> None:
        """Send the close frame that is due, and let neither side say anything any more."""
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self.disconnected = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    async def run_asgi(self) -> None:
        """Serve the connection."""
        await super().run_asgi()
        self._abort_soon()

    def _abort_soon(self) -> None:
        """uvicorn closes politely, which waits for the peer to read all that was sent; some never do."""
        self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)
