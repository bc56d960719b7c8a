"""A running auth service on a real store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from services.auth.app import OUTBOX_COLLECTIONS, create_app
from services.auth.settings import AuthSettings
from shared.config import load
from shared.events import decode
from shared.messaging import Subscription
from shared.web.runtime import open_runtime
from tests.component.auth.running_auth import ADMIN_PASSWORD, CHEAP_HASHES, Auth, StartAuth
from tests.support.clock import ManualClock
from tests.support.eventually import eventually


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def start_auth(store_url: str, database_name: str, clock: ManualClock) -> StartAuth:
    """Starts services on this test's database; settings as keywords."""

    @asynccontextmanager
    async def start(*, wait: bool = True, **values: Any) -> AsyncIterator[Auth]:
        given = {"mongodb_url": store_url, "mongodb_database": database_name, "admin_password": ADMIN_PASSWORD}
        settings = load(AuthSettings, **{**CHEAP_HASHES, **given, **values})
        async with open_runtime(settings, OUTBOX_COLLECTIONS, clock=clock) as runtime:
            app = create_app(settings, runtime)
            transport = httpx.ASGITransport(app=app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://test") as http,
            ):
                auth = Auth(http, runtime, clock)
                await _record_events(auth)
                if wait:
                    await eventually(lambda: _is_ready(auth), timeout_seconds=20)
                yield auth

    return start


@pytest.fixture
async def auth(start_auth: StartAuth) -> AsyncIterator[Auth]:
    """The service with its first administrator."""
    async with start_auth() as started:
        yield started


async def _record_events(auth: Auth) -> None:
    async def record(body: bytes) -> None:
        auth.events.append(decode(body))

    await auth.runtime.bus.subscribe(Subscription("test", ("#",)), record)


async def _is_ready(auth: Auth) -> bool:
    return (await auth.http.get("/health/ready")).status_code == 200
