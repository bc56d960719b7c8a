"""The part of ASGI that is no request."""

from starlette.types import Receive, Send


async def acknowledge_lifespan(receive: Receive, send: Send) -> None:
    """Whoever composes the process runs `Gateway.running`; the server's own start and stop change nothing."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
