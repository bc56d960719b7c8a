"""Whether a WebSocket's client is still there, as the conversation shows."""

from starlette.types import Message, Receive, Send
from starlette.websockets import WebSocketDisconnect


class Presence:
    """`receive` and `send` take the place of the server's, and notice when the client leaves."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._has_left = False

    async def receive(self) -> Message:
        """The client's next message."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self._has_left = True
        return message

    async def send(self, message: Message) -> None:
        """Say something to the client. Raises `OSError` once it is gone."""
        try:
            await self._send(message)
        except OSError:
            self._has_left = True
            raise

    def explains(self, error: Exception) -> bool:
        """Whether `error` says no more than that the client left. An `OSError` may come from elsewhere, too."""
        return isinstance(error, WebSocketDisconnect) or (self._has_left and isinstance(error, OSError))
