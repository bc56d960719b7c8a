"""The server that the imitated API stands on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from tests.component.cli.fake_api import FakeApi
from tests.support.ports import LOOPBACK, free_port


class Stage:
    """A server on a port of its own; each test puts an API of its own on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._app: Starlette | None = None

    def put_on(self) -> FakeApi:
        """A new API, in place of the one before."""
        api = FakeApi(self.url)
        self._app = api.app()
        return api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None, "nothing was put on the stage"
        await self._app(scope, receive, send)


@contextmanager
def serving() -> Iterator[Stage]:
    """The server, until the block ends."""
    port = free_port()
    stage = Stage(f"http://{LOOPBACK}:{port}")
    config = uvicorn.Config(stage, host=LOOPBACK, port=port, ws="none", lifespan="off", log_config=None)
    config.timeout_graceful_shutdown = 1
    started = threading.Event()
    server = _Announced(config, started)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(10), "the server did not start"
    try:
        yield stage
    finally:
        server.should_exit = True
        thread.join(10)


class _Announced(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._announce.set()
