"""uvicorn's WebSockets, made safe for a front door: no credential in logs, no peer that holds a closed connection."""

import logging
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

MAX_MESSAGE_BYTES: Final = 1_000_000
"""Of what comes in, in any process. What goes out may be far larger: an assignment carries its workflow."""
PING_SECONDS: Final = 20.0
PONG_SECONDS: Final = 20.0
"""Together: when a peer that vanished without a word is noticed."""
GOODBYE_SECONDS: Final = 5.0
"""What a peer gets to read what was sent before the close frame, and to answer it."""

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

    def keepalive_timeout(self) -> None:
        """The peer did not answer a ping: it will not read a goodbye either."""
        super().keepalive_timeout()
        self._abort_soon()

    def shutdown(self) -> None:
        """The process stops."""
        super().shutdown()
        self._abort_soon()

    async def run_asgi(self) -> None:
        """Serve the connection."""
        await super().run_asgi()
        self._abort_soon()

    def _abort_soon(self) -> None:
        """uvicorn closes politely, which waits for the peer to read all that was sent; some never do."""
        self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)
