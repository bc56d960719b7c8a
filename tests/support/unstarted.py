"""The services' applications as they describe themselves: nothing is started, no store or broker is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from cli.targets import SERVICES
from shared.config import load
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.messaging import OutboxRelay
from shared.storage import connect
from shared.web.runtime import Runtime, make_bus
from shared.web.tokens import InternalTokens

NOWHERE: Final = "mongodb://127.0.0.1:9/"


@asynccontextmanager
async def unstarted_services() -> AsyncIterator[dict[str, FastAPI]]:
    """Every service's application by name."""
    async with connect(NOWHERE, "unused") as store:
        applications = {}
        for name, target in SERVICES.items():
            settings = load(target.settings, mongodb_url=NOWHERE, mongodb_database="unused")
            clock, registry = SystemClock(), CollectorRegistry()
            bus = make_bus(settings, store, clock)
            runtime = Runtime(
                store=store,
                bus=bus,
                relay=OutboxRelay(store, bus, clock, (), registry),
                clock=clock,
                new_id=new_id,
                tokens=InternalTokens(settings.internal_key.get_secret_value(), clock),
                registry=registry,
            )
            applications[name] = target.create_app(settings, runtime)
        yield applications
