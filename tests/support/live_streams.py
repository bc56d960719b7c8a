"""A live stream as its watcher has it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.support.api import Json
from tests.support.system import PATIENCE_SECONDS, System


@asynccontextmanager
async def socket(system: System, path: str, token: str, **query: Any) -> AsyncIterator[ClientConnection]:
    """A socket at the gateway, its credential in the query as browsers send it."""
    url = httpx.URL(system.base_url, path=path, params={"token": token, **query}, scheme="ws")
    # Without a bound: the client stops reading at 16 unread frames, and then waits 10 s for the answer to its goodbye.
    async with (
        connect(str(url), compression=None, max_queue=None) as connection,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        yield connection


async def frame_about(connection: ClientConnection, **wanted: Any) -> Json:
    """The next frame with these values."""
    while True:
        frame: Json = json.loads(await connection.recv())
        if all(frame.get(name) == value for name, value in wanted.items()):
            return frame
