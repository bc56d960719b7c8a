"""The embedded document store as a child process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from cli.data_folder import DataFolder
from cli.errors import StartError
from cli.private_brokers import free_port
from cli.processes import ChildSpec, supervised
from shared.kernel.errors import Unavailable
from shared.storage import connect

START_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 0.05
HOST: Final = "127.0.0.1"


@asynccontextmanager
async def embedded_store(folder: DataFolder) -> AsyncIterator[str]:
    """The URL of a store over the data folder that answers; it listens on loopback only."""
    port = free_port()
    log = folder.logs / "store.log"
    spec = ChildSpec("store", "cli.store_process", log, (str(folder.store), HOST, str(port)), lock=folder.store_lock)
    async with supervised(spec):
        url = f"mongodb://{HOST}:{port}/?directConnection=true"
        await _wait_until_it_answers(port, log)
        yield url


async def is_fresh(url: str, database: str, users: str) -> bool:
    """Whether nobody has a user account there yet. Raises `StartError` when the store does not answer."""
    async with connect(url, database, pool_size=1) as store:
        try:
            return await store.count(users, {}) == 0
        except Unavailable as error:
            raise StartError(f"The document store does not answer: {error.detail}") from error


async def _wait_until_it_answers(port: int, log: object) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(PROBE_SECONDS)
        else:
            writer.close()
            return
    raise StartError(f"The embedded store did not start within {START_SECONDS:.0f} s; see {log}.")
