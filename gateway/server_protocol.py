"""The parts of ASGI that are no HTTP requests."""

from typing import Final

from starlette.types import Receive, Send

POLICY_VIOLATION: Final = 1008


async def refuse_socket(receive: Receive, send: Send) -> None:
    """Refuse a WebSocket handshake; servers turn that into a 403."""
    await receive()
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})


async def acknowledge_lifespan(receive: Receive, send: Send) -> None:
    """Whoever composes the process runs `Gateway.running`; the server's own start and stop change nothing."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
