"""What a process gives its services: store, bus, outbox relay, time, ids, tokens, metrics registry."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from shared.config import ServiceSettings
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import NewId, new_id
from shared.kernel.tasks import finish_tasks, pause
from shared.messaging.bus import Bus
from shared.messaging.in_process import InProcessBus
from shared.messaging.outbox import OutboxRelay
from shared.messaging.parking import ParkingLot
from shared.messaging.rabbitmq import RabbitMQBus
from shared.messaging.replays import Replays
from shared.storage import Store, connect
from shared.storage.clock import SYNC_EVERY_SECONDS, StoreClock
from shared.web.tokens import InternalTokens

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """Passed to every `create_app`; embedded services share one, each with a registry of its own."""

    store: Store
    bus: Bus
    relay: OutboxRelay
    clock: Clock
    new_id: NewId
    tokens: InternalTokens
    registry: CollectorRegistry

    def with_own_registry(self) -> "Runtime":
        """The same runtime with a fresh metrics registry, so that services of one process do not collide."""
        return replace(self, registry=CollectorRegistry())


@asynccontextmanager
async def open_runtime(
    settings: ServiceSettings, outbox_collections: Iterable[str], *, clock: Clock | None = None
) -> AsyncIterator[Runtime]:
    """A started runtime for `settings`; stopped in reverse order, outbox first, so that little is left behind."""
    registry = CollectorRegistry()
    url = settings.mongodb_url.get_secret_value()
    async with (
        connect(
            url,
            settings.mongodb_database,
            pool_size=settings.mongodb_pool_size,
            journaled=settings.mongodb_journaled,
        ) as store,
        _clock_of(store, clock) as clock,
    ):
        bus = make_bus(settings, store, clock)
        relay = OutboxRelay(store, bus, clock, outbox_collections, registry)
        await bus.start()
        await relay.start()
        try:
            async with _replaying(store, bus, clock):
                yield Runtime(
                    store=store,
                    bus=bus,
                    relay=relay,
                    clock=clock,
                    new_id=new_id,
                    tokens=InternalTokens(settings.internal_key.get_secret_value(), clock),
                    registry=registry,
                )
        finally:
            await relay.close()
            await bus.close()


@asynccontextmanager
async def _clock_of(store: Store, given: Clock | None) -> AsyncIterator[Clock]:
    """The clock that was given, else the store's, kept in step in the background."""
    if given is not None:
        yield given
        return
    clock = StoreClock(SystemClock())
    stop = asyncio.Event()
    follow = asyncio.create_task(_follow(clock, store, stop), name="store-clock")
    try:
        yield clock
    finally:
        await finish_tasks([follow], stop)


async def _follow(clock: StoreClock, store: Store, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await clock.sync(store)
        except Unavailable as error:
            _log.warning("store_clock_not_read", reason=error.detail)
        await pause(stop, SYNC_EVERY_SECONDS)


@asynccontextmanager
async def _replaying(store: Store, bus: Bus, clock: Clock) -> AsyncIterator[None]:
    """Where the bus is in this process, so are the handlers that parked events wait for."""
    if not isinstance(bus, InProcessBus):
        yield
        return
    stop = asyncio.Event()
    replays = asyncio.create_task(Replays(store, bus, ParkingLot(store, clock)).follow(stop), name="parked-replays")
    try:
        yield
    finally:
        await finish_tasks([replays], stop)


def make_bus(settings: ServiceSettings, store: Store, clock: Clock) -> Bus:
    """RabbitMQ where an URL is given, else the in-process bus."""
    url = settings.amqp_url.get_secret_value()
    if url:
        return RabbitMQBus(url, settings.amqp_prefix)
    return InProcessBus(ParkingLot(store, clock).park)
