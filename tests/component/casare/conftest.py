"""The client against a server that a test scripts."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from casare import AsyncClient, Client, Retries
from tests.component.casare.server import ScriptedServer
from tests.support.eventually import wait_until
from tests.support.ports import LOOPBACK

QUICK = Retries(first_wait_seconds=0.02)


class Stage:
    """A server on a port of its own; each test puts an application of its own on it."""

    def __init__(self) -> None:
        self.app: ScriptedServer | None = None
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None, "nothing was put on the stage"
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """It runs in a thread of its own, so that blocking clients can be tested, too."""
    stage, listening = Stage(), socket.socket()
    listening.bind((LOOPBACK, 0))
    stage.url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        stage, lifespan="off", access_log=False, log_level="critical", timeout_graceful_shutdown=1, ws="none"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    wait_until(lambda: running.started)
    yield stage
    running.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture
def server(stage: Stage) -> ScriptedServer:
    """How the server answers, and what it was asked."""
    stage.app = ScriptedServer()
    return stage.app


@pytest.fixture
def url(stage: Stage, server: ScriptedServer) -> str:
    """Where it listens."""
    return stage.url


@pytest.fixture
async def client(url: str) -> AsyncIterator[AsyncClient]:
    """A client with a token that the server takes."""
    async with AsyncClient(url, token="t", retries=QUICK) as opened:
        yield opened


@pytest.fixture
def blocking(url: str) -> Iterator[Callable[..., Client]]:
    """Makes clients for code without asyncio."""
    made: list[Client] = []

    def make(**options: Any) -> Client:
        made.append(Client(url, **{"token": "t", "retries": QUICK, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()
