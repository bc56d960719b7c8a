"""A gateway and a service that talk over real connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from starlette.types import ASGIApp

from gateway.relay import HttpRelay, open_lasting_session, open_session
from gateway.settings import GatewaySettings
from shared.config import load
from tests.component.gateway.running_gateway import Running, StartGateway
from tests.support.http_server import serving

CLAIM: Final = "/api/v1/jobs/claim"
ROBOTS: Final = "/api/v1/robots"
ROBOT: Final = f"{ROBOTS}/r1"
WORKFLOWS: Final = "/api/v1/workflows"


class Front:
    """A served gateway that relays to a dispatcher elsewhere."""

    def __init__(self, running: Running, url: str, client: httpx.AsyncClient) -> None:
        self.running = running
        self.url = url
        self.client = client

    async def get(self) -> httpx.Response:
        """A request that may be repeated."""
        return await self.client.get(ROBOTS, headers=self.running.bearer())

    async def post(self, content: bytes = b"{}") -> httpx.Response:
        """A request that must not be."""
        return await self.client.post(CLAIM, content=content, headers=self.running.bearer())


@asynccontextmanager
async def front_of(
    start: StartGateway, dispatcher_url: str, timeout_seconds: float = 60, **values: Any
) -> AsyncIterator[Front]:
    """A gateway in front of the service at `dispatcher_url`."""
    settings = load(GatewaySettings).model_copy(update={"upstream_timeout_seconds": timeout_seconds})
    async with open_session(settings) as session, open_lasting_session(settings) as lasting:
        relay = HttpRelay(dispatcher_url, session, lasting)
        upstreams = {"dispatcher": relay, "workflows": relay, "metrics": relay}
        async with (
            start(upstreams, **{"rate_limits": "off", **values}) as running,
            serving(running.gateway) as url,
            httpx.AsyncClient(base_url=url, timeout=30) as client,
        ):
            yield Front(running, url, client)


@asynccontextmanager
async def relaying_to(start: StartGateway, dispatcher: ASGIApp) -> AsyncIterator[Front]:
    """A gateway in front of `dispatcher`, which is served too."""
    async with serving(dispatcher) as url, front_of(start, url) as front:
        yield front
