"""The gateway as a process of its own: its services are elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cli.errors import StartError
from gateway.app import create_gateway
from gateway.relay import open_lasting_session, open_session, relays_of
from gateway.settings import GatewaySettings
from shared.config import ServiceSettings
from shared.web.runtime import Runtime


def require_addresses(settings: ServiceSettings) -> None:
    """Raise `StartError` when the gateway is not told where a service is."""
    assert isinstance(settings, GatewaySettings)
    missing = [f"CASARE_{name.upper()}_URL" for name, url in settings.service_urls() if not url]
    if missing:
        raise StartError(f"the gateway must be told where its services are: set {', '.join(missing)}")


@asynccontextmanager
async def open_gateway(settings: ServiceSettings, runtime: Runtime) -> AsyncIterator[Any]:
    """A running gateway that relays over HTTP. Raises `SettingsError`."""
    assert isinstance(settings, GatewaySettings)
    async with open_session(settings) as session, open_lasting_session(settings) as lasting:
        gateway = create_gateway(settings, relays_of(settings, session, lasting), runtime)
        async with gateway.running():
            yield gateway
