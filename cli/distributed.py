"""Each service as a process of its own on this machine, against RabbitMQ and Redis: `make up-local`."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from cli.data_folder import DataFolder
from cli.errors import StartError
from cli.processes import ChildSpec, supervised
from cli.targets import SERVICES
from cli.up_settings import UpSettings

LOCAL_AMQP: Final = "amqp://guest:guest@127.0.0.1:5672/"
LOCAL_REDIS: Final = "redis://127.0.0.1:6379/0"
CONNECT_SECONDS: Final = 2.0
HOST: Final = "127.0.0.1"


def find_brokers() -> None:
    """Set `CASARE_AMQP_URL` and `CASARE_REDIS_URL` to this machine's where they are not given.

    Raises `StartError` when one does not answer.
    """
    for variable, local, default_port in (
        ("CASARE_AMQP_URL", LOCAL_AMQP, 5672),
        ("CASARE_REDIS_URL", LOCAL_REDIS, 6379),
    ):
        url = os.environ.setdefault(variable, local)
        address = urlsplit(url)
        if not _answers(address.hostname or HOST, address.port or default_port):
            raise StartError(
                f"{_name(variable)} does not answer at {address.hostname}:{address.port}. {_advice(variable)}"
            )


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), CONNECT_SECONDS):
            return True
    except OSError:
        return False


def _name(variable: str) -> str:
    return "RabbitMQ" if variable == "CASARE_AMQP_URL" else "Redis"


def _advice(variable: str) -> str:
    program = "rabbitmq-server" if variable == "CASARE_AMQP_URL" else "redis-server"
    if shutil.which(program):
        return f"Start it (`{program}`) or set {variable}."
    return f"Install and start {program}, set {variable}, or run everything embedded with `make run`."


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
