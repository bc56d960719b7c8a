"""Reaches the installation that an operator's command is about, from whatever environment the command was given.

1. `CASARE_MONGODB_URL` is set: the installation of that store and broker, as `casare serve` would run it.
2. A `casare up` runs on the data folder: its store and brokers.
3. Nothing runs there: the folder's store, started for the command alone.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from pymongo.errors import PyMongoError

from cli.data_folder import DataFolder
from cli.embedded_store import embedded_store
from cli.errors import StartError
from cli.failures import UsageProblem
from cli.running import is_in_use, running_installation
from cli.targets import SERVICES
from cli.up_settings import UpSettings
from shared.config import SettingsError, load
from shared.kernel.clock import SystemClock
from shared.messaging import Delivery, Subscription
from shared.messaging.parked import ParkedEvents
from shared.messaging.parked_in_rabbitmq import ParkedInRabbitMQ
from shared.messaging.parking import ParkingLot
from shared.storage import connect


@dataclass(frozen=True, slots=True)
class Operated:
    """What a command works on."""

    parked: ParkedEvents
    place: str
    """Where that is, for people; no credentials."""
    is_stopped: bool
    """Whether nothing runs that could handle an event now."""


@asynccontextmanager
async def operated() -> AsyncIterator[Operated]:
    """The parked events of the installation in question. Raises UsageProblem when there is none to be found."""
    try:
        settings = load(UpSettings)
    except SettingsError as error:
        raise UsageProblem(f"{error}.", advice="`casare doctor` checks the whole configuration.") from error
    folder = DataFolder(settings.data_dir.resolve())
    if settings.mongodb_url.get_secret_value():
        async with _on(settings, "the installation of CASARE_MONGODB_URL") as found:
            yield found
        return
    if is_in_use(folder):
        running = running_installation(folder)
        if running is None:
            raise UsageProblem(
                f"{folder.path} is held by a `casare up` that is just starting, or by another command.",
                advice="Try again in a moment.",
            )
        with variables(running.environment):
            settings = load(UpSettings)
        async with _on(settings, f"the installation running on {folder.path}") as found:
            yield found
        return
    async with _stopped(settings, folder) as found:
        yield found


@asynccontextmanager
async def _on(settings: UpSettings, place: str) -> AsyncIterator[Operated]:
    url = settings.amqp_url.get_secret_value()
    if url:
        yield Operated(ParkedInRabbitMQ(url, settings.amqp_prefix, shared_subscriptions()), place, is_stopped=False)
        return
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(
                connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database, pool_size=4)
            )
        except (PyMongoError, ValueError) as error:
            raise UsageProblem("CASARE_MONGODB_URL is no address of a store.", advice="See `casare doctor`.") from error
        yield Operated(ParkingLot(store, SystemClock()), place, is_stopped=False)


@asynccontextmanager
async def _stopped(settings: UpSettings, folder: DataFolder) -> AsyncIterator[Operated]:
    """The folder's store, started under the folder's lock, so that no `casare up` begins meanwhile."""
    if not folder.store.is_dir():
        raise UsageProblem(
            f"There is no installation in {folder.path}.",
            advice="Set CASARE_DATA_DIR to the data folder of `casare up`, or CASARE_MONGODB_URL and CASARE_AMQP_URL.",
        )
    try:
        folder.prepare()
        with folder.locked():
            async with (
                embedded_store(folder) as url,
                connect(url, settings.mongodb_database, pool_size=4, journaled=False) as store,
            ):
                lot = ParkingLot(store, SystemClock(), patience_seconds=0)
                yield Operated(lot, f"the stopped installation in {folder.path}", is_stopped=True)
    except StartError as error:
        raise UsageProblem(str(error)) from error


def shared_subscriptions() -> list[str]:
    """The names of all subscriptions that can park something."""
    names = []
    for service in SERVICES:
        module = f"services.{service}.consumers"
        if find_spec(module) is None:
            continue
        names += [
            value.name
            for value in vars(import_module(module)).values()
            if isinstance(value, Subscription) and value.delivery is Delivery.SHARED
        ]
    return sorted(set(names))


@contextmanager
def variables(values: dict[str, str]) -> Iterator[None]:
    """`values` in this process' environment until the block ends, in place of what is there."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
