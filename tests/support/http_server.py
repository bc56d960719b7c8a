"""A real HTTP server around an ASGI application, on loopback, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from cli.socket_protocol import MAX_MESSAGE_BYTES, SocketProtocol
from tests.support.eventually import eventually
from tests.support.ports import LOOPBACK


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The base URL under which `app` is served until the block ends; its lifespan is the caller's to run."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((LOOPBACK, 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            proxy_headers=False,
            access_log=False,
            ws=SocketProtocol,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            log_level="critical",
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await eventually(lambda: server.started)
        yield f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()
