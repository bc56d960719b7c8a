"""A gateway with everything real but the services behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import Gateway, create_gateway
from gateway.settings import GatewaySettings
from shared.config import load
from shared.events import encode, wrap
from shared.events.envelope import EventData
from shared.kernel.identity import Identity
from shared.messaging import Message, Subscription
from shared.web.runtime import Runtime, open_runtime
from tests.support.clock import ManualClock
from tests.support.credentials import FakeAuth

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Received:
    """One request as a service saw it."""

    scope: Scope
    body: bytes

    @property
    def headers(self) -> httpx.Headers:
        return httpx.Headers(self.scope["headers"])


@dataclass
class RecordingService:
    """An ASGI application that notes what it receives and answers `{}`, or as a test tells it."""

    received: list[Received] = field(default_factory=list)
    answer: Answer | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/health/ready":
            await answer_with(send, b'{"status": "ok"}')
        elif self.answer is not None:
            await self.answer(scope, receive, send)
        else:
            self.received.append(Received(scope, await body_of(receive)))
            await answer_with(send, b"{}")

    @property
    def last(self) -> Received:
        return self.received[-1]


async def body_of(receive: Receive) -> bytes:
    """The whole body of a request."""
    chunks = []
    more = True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def answer_with(send: Send, body: bytes, status: int = 200, **headers: str) -> None:
    """A whole answer with a Content-Length."""
    given = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@dataclass
class Running:
    """A started gateway, and what stands behind it."""

    gateway: Gateway
    runtime: Runtime
    auth: FakeAuth
    service: RecordingService
    clock: ManualClock

    def client(self, *, address: str = "192.0.2.1", **options: Any) -> httpx.AsyncClient:
        """A client that calls the gateway in this process, from `address`."""
        transport = httpx.ASGITransport(app=self.gateway, client=(address, 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://orchestrator", **options)

    def bearer(self, **claims: Any) -> dict[str, str]:
        """The header of a user with a fresh token."""
        return {"Authorization": f"Bearer {self.auth.issuer.token(**claims)}"}

    def api_key(self, **bounds: Any) -> dict[str, str]:
        """The header of a robot with a new key."""
        return {"X-Api-Key": self.auth.new_key(**bounds)}

    def identity(self) -> Identity:
        """Whom the service was told that the last request comes from, verified as a service does."""
        return self.runtime.tokens.verify(self.service.last.headers["x-casare-identity"])

    async def publish(self, data: EventData) -> None:
        """An event of another service."""
        event = wrap(data, event_id="e1", subject="s", tenant_id="default", version=2, at_ms=self.clock.now_ms())
        await self.runtime.bus.publish([Message(event.id, event.type, encode(event))])


class StartGateway(Protocol):
    """Starts a gateway; settings as keywords."""

    def __call__(
        self, upstreams: Mapping[str, ASGIApp] | None = None, /, **values: Any
    ) -> AbstractAsyncContextManager[Running]: ...


def starter(store_url: str) -> StartGateway:
    """Starts gateways whose runtime uses the store at `store_url`."""

    @asynccontextmanager
    async def start(upstreams: Mapping[str, ASGIApp] | None = None, /, **values: Any) -> AsyncIterator[Running]:
        clock = ManualClock()
        settings = load(GatewaySettings, **{"mongodb_url": store_url, **values})
        async with open_runtime(settings, (), clock=clock) as runtime:
            auth, service = FakeAuth(clock), RecordingService()
            services = dict.fromkeys(("workflows", "dispatcher", "scheduler", "metrics"), service)
            gateway = create_gateway(settings, {"auth": auth, **services, **(upstreams or {})}, runtime)
            await runtime.bus.subscribe(Subscription("somebody-else", ("#",)), _ignore)
            async with gateway.running():
                yield Running(gateway, runtime, auth, service, clock)

    return start


async def _ignore(body: bytes) -> None:
    pass
