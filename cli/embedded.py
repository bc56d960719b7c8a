"""All services and the gateway in one process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from cli.merged_registry import merged
from cli.targets import SERVICES
from gateway.app import create_gateway
from gateway.settings import GatewaySettings
from shared.config import ServiceSettings, load
from shared.messaging import Bus
from shared.web.app import drain
from shared.web.runtime import open_runtime
from shared.web.tokens import InternalTokens


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running installation in this process."""

    gateway: Any
    apps: dict[str, FastAPI]
    tokens: InternalTokens
    bus: Bus

    def drain(self) -> None:
        """Send home what waits, as the process stops."""
        self.gateway.drain()
        for app in self.apps.values():
            drain(app)

    def client(self, service: str) -> httpx.AsyncClient:
        """Calls `service` directly; the caller closes it."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.apps[service]), base_url=f"http://{service}")


@asynccontextmanager
async def embedded(settings: ServiceSettings) -> AsyncIterator[Embedded]:
    """The running services and gateway; each part of `settings` that has an URL is real, the others are embedded."""
    collections = {name for target in SERVICES.values() for name in target.outbox_collections}
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings, sorted(collections)))
        apps: dict[str, FastAPI] = {}
        registries = [runtime.registry]
        for name in ("auth", "scheduler", "workflows", "dispatcher", "metrics"):
            own = runtime.with_own_registry()
            registries.append(own.registry)
            target = SERVICES[name]
            extra = {"scheduler_client": _direct(apps["scheduler"])} if name == "workflows" else {}
            apps[name] = target.create_app(load(target.settings), own, **extra)
        own = runtime.with_own_registry()
        gateway = create_gateway(load(GatewaySettings), apps, own, metrics_registry=merged([*registries, own.registry]))
        # Everything is wired, and every setting read, before the first part starts to do anything.
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        await stack.enter_async_context(gateway.running())
        yield Embedded(gateway, apps, runtime.tokens, runtime.bus)


def _direct(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://scheduler")
