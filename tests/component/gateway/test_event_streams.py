"""Answers that go on: Server-Sent Events through the gateway, in both shapes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from gateway import app
from gateway.rate_limits import Limit
from gateway.routing import Route, all_routes
from shared.events.auth import SessionRevoked
from tests.component.gateway.running_gateway import StartGateway
from tests.component.gateway.sockets import SocketFront, StartFront

EVENTS: Final = "/api/v1/events"


@pytest.fixture(autouse=True)
def event_route(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table with a stream in it, whatever else it holds."""
    others = [route for route in all_routes() if route.path != EVENTS]
    stream = Route("GET", EVENTS, "metrics", Limit("events", 60), streams=True)

    def routes() -> Iterator[Route]:
        yield from (*others, stream)

    monkeypatch.setattr(app, "all_routes", routes)


@dataclass
class StreamService:
    """Sends what it is told to, and notes who asked and that they left."""

    scopes: list[Scope] = field(default_factory=list)
    chunks: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        talking = asyncio.create_task(self._talk(send))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            talking.cancel()
            self.left.set()

    async def _talk(self, send: Send) -> None:
        while True:
            await send({"type": "http.response.body", "body": await self.chunks.get(), "more_body": True})


@pytest.fixture
def events() -> StreamService:
    return StreamService()


@pytest.fixture
async def served(start_gateway: StartGateway, front: StartFront, events: StreamService) -> AsyncIterator[SocketFront]:
    async with front(start_gateway, events, max_streams_per_credential=2) as started:
        yield started


@pytest.fixture
async def client(served: SocketFront) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, timeout=10) as made:
        yield made


async def test_each_chunk_comes_when_it_is_sent(
    served: SocketFront, client: httpx.AsyncClient, events: StreamService
) -> None:
    async with client.stream("GET", EVENTS, headers=served.running.bearer()) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        parts = answer.aiter_bytes()
        for part in (b"data: 1\n\n", b"data: 2\n\n"):
            events.chunks.put_nowait(part)
            assert await anext(parts) == part


async def test_a_client_that_leaves_ends_the_services_answer_too(
    served: SocketFront, client: httpx.AsyncClient, events: StreamService
) -> None:
    async with client.stream("GET", EVENTS, headers=served.running.bearer()):
        assert not events.left.is_set()
    async with asyncio.timeout(5):
        await events.left.wait()


async def test_a_browser_may_put_the_credential_into_the_query_which_goes_no_further(
    served: SocketFront, client: httpx.AsyncClient, events: StreamService
) -> None:
    token = served.running.auth.issuer.token()
    async with client.stream("GET", f"{EVENTS}?since=7&token={token}") as answer:
        assert answer.status_code == 200
    assert events.scopes[0]["query_string"] == b"since=7"
    assert token not in str(events.scopes)
    assert (await client.get(f"{EVENTS}?token=nonsense")).status_code == 401
    assert (await client.get(f"/api/v1/robots?token={token}")).status_code == 401


async def test_a_stream_ends_with_its_token(
    served: SocketFront, client: httpx.AsyncClient, events: StreamService
) -> None:
    headers = served.running.bearer(exp=served.running.clock.now_ms() // 1000 + 1)
    async with asyncio.timeout(5), client.stream("GET", EVENTS, headers=headers) as answer:
        events.chunks.put_nowait(b"data: 1\n\n")
        assert await answer.aread() == b"data: 1\n\n"
    await events.left.wait()


async def test_a_stream_ends_with_its_session(
    served: SocketFront, client: httpx.AsyncClient, events: StreamService
) -> None:
    running = served.running
    async with asyncio.timeout(5), client.stream("GET", EVENTS, headers=running.bearer()) as answer:
        ends_ms = running.clock.now_ms() + 3_600_000
        await running.publish(
            SessionRevoked(user_id="ada", session_id="session-1", reason="logout", tokens_expire_ms=ends_ms)
        )
        assert await answer.aread() == b""
    await events.left.wait()


async def test_streams_of_a_credential_are_counted(served: SocketFront, client: httpx.AsyncClient) -> None:
    headers = served.running.bearer()
    async with client.stream("GET", EVENTS, headers=headers), client.stream("GET", EVENTS, headers=headers):
        refused = await client.get(EVENTS, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 0


async def test_streams_end_when_the_process_stops(
    served: SocketFront, client: httpx.AsyncClient, events: StreamService
) -> None:
    async with asyncio.timeout(5), client.stream("GET", EVENTS, headers=served.running.bearer()) as answer:
        events.chunks.put_nowait(b"data: last\n\n")
        parts = answer.aiter_bytes()
        assert await anext(parts) == b"data: last\n\n"
        served.running.gateway.drain()
        assert [part async for part in parts] == []
    await events.left.wait()


async def test_a_gateway_that_stops_opens_nothing(served: SocketFront, client: httpx.AsyncClient) -> None:
    served.running.gateway.drain()
    refused = await client.get(EVENTS, headers=served.running.bearer())
    assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
