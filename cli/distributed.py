"""Each service as a process of its own on this machine, against RabbitMQ and Redis: `make up-local`."""

import asyncio
import hashlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cli.data_folder import DataFolder
from cli.errors import StartError
from cli.private_brokers import private_rabbitmq, private_redis
from cli.processes import ChildSpec, supervised
from cli.targets import SERVICES
from cli.up_settings import UpSettings

LOCAL_AMQP: Final = "amqp://guest:guest@127.0.0.1:5672/"
LOCAL_REDIS: Final = "redis://127.0.0.1:6379/0"
CONNECT_SECONDS: Final = 2.0
HOST: Final = "127.0.0.1"
PRIVATE_START_SECONDS: Final = 90.0
PROBE_SECONDS: Final = 0.1


@asynccontextmanager
async def brokers(folder: DataFolder) -> AsyncIterator[None]:
    """RabbitMQ and Redis, in `CASARE_AMQP_URL` and `CASARE_REDIS_URL`: those given, else this machine's, else private.

    Queues and keys are named for the data folder, so that several installations may share a broker.

    Raises `StartError` when a given one does not answer, or there is none and none is installed.
    """
    own = hashlib.blake2b(str(folder.path).encode(), digest_size=4).hexdigest()
    os.environ.setdefault("CASARE_AMQP_PREFIX", f"casare-{own}")
    os.environ.setdefault("CASARE_REDIS_PREFIX", f"casare-{own}:")
    async with AsyncExitStack() as stack:
        for broker in (_RABBITMQ, _REDIS):
            if _answers(os.environ.setdefault(broker.variable, broker.local_url), broker.default_port):
                continue
            private = broker.private(folder) if os.environ[broker.variable] == broker.local_url else None
            if private is None:
                raise StartError(_advice(broker))
            os.environ[broker.variable], specs = private
            for spec in specs:
                await stack.enter_async_context(supervised(spec))
            await _wait_until_it_answers(broker, specs[-1])
        yield


@dataclass(frozen=True, slots=True)
class _Broker:
    """What there is to know of one kind of broker."""

    name: str
    variable: str
    local_url: str
    default_port: int
    program: str
    private: Callable[[DataFolder], tuple[str, list[ChildSpec]] | None]


_RABBITMQ: Final = _Broker("RabbitMQ", "CASARE_AMQP_URL", LOCAL_AMQP, 5672, "rabbitmq-server", private_rabbitmq)
_REDIS: Final = _Broker("Redis", "CASARE_REDIS_URL", LOCAL_REDIS, 6379, "redis-server", private_redis)


def _answers(url: str, default_port: int) -> bool:
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname or HOST, address.port or default_port), CONNECT_SECONDS):
            return True
    except OSError:
        return False


async def _wait_until_it_answers(broker: _Broker, spec: ChildSpec) -> None:
    deadline = asyncio.get_running_loop().time() + PRIVATE_START_SECONDS
    while not _answers(os.environ[broker.variable], broker.default_port):
        if asyncio.get_running_loop().time() > deadline:
            raise StartError(
                f"A private {broker.name} did not start within {PRIVATE_START_SECONDS:.0f} s; see {spec.log}."
            )
        await asyncio.sleep(PROBE_SECONDS)


def _advice(broker: _Broker) -> str:
    address = urlsplit(os.environ[broker.variable])
    return (
        f"{broker.name} does not answer at {address.hostname}:{address.port or broker.default_port}. "
        f"Start it, install {broker.program} so that a private one can be started, set {broker.variable}, "
        "or run everything embedded with `make run`."
    )


@asynccontextmanager
async def service_processes(
    settings: UpSettings, folder: DataFolder, password: str
) -> AsyncIterator[Mapping[str, str]]:
    """The running service processes and gateway; yields each service's address."""
    ports = dict(_free_ports())
    urls = {name: f"http://{HOST}:{port}" for name, port in ports.items()}
    addresses = {f"CASARE_{name.upper()}_URL": url for name, url in urls.items()}
    async with AsyncExitStack() as stack:
        for name, port in ports.items():
            extra = {"CASARE_ADMIN_PASSWORD": password} if name == "auth" else {}
            await stack.enter_async_context(supervised(_spec(name, HOST, port, folder, {**addresses, **extra})))
        gateway = _spec("gateway", settings.host, settings.port, folder, addresses)
        await stack.enter_async_context(supervised(gateway))
        yield urls


def _free_ports() -> Iterator[tuple[str, int]]:
    """A free port per service; all are held until all are found, so that no two are the same."""
    probes = []
    for name in SERVICES:
        probe = socket.socket()
        probe.bind((HOST, 0))
        probes.append(probe)
        yield name, probe.getsockname()[1]
    for probe in probes:
        probe.close()


def _spec(name: str, host: str, port: int, folder: DataFolder, extra: Mapping[str, str]) -> ChildSpec:
    environment = {"CASARE_HOST": host, "CASARE_PORT": str(port), **extra}
    return ChildSpec(name, "cli.serve", folder.logs / f"{name}.log", (name,), environment)
