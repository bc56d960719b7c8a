"""The connection to the store, and its errors in our own words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from shared.kernel.errors import Unavailable

Document = dict[str, Any]

OPERATION_TIMEOUT_MS: Final = 5_000
SERVER_SELECTION_TIMEOUT_MS: Final = 3_000
CLOSE_TIMEOUT_SECONDS: Final = 3.0

_log: Final = structlog.get_logger(__name__)

_TRANSIENT: Final = (AutoReconnect, ConnectionFailure, NetworkTimeout, ExecutionTimeout, WTimeoutError)


@dataclass(frozen=True, slots=True)
class Index:
    """One index, declared beside the queries it serves."""

    name: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    sparse: bool = False


@contextmanager
def translate_errors() -> Any:
    """Raise `Unavailable` where the driver says the store cannot be reached or is too slow.

    Whether a write happened is then unknown; callers make their writes repeatable (guards, fixed ids).
    """
    try:
        yield
    except _TRANSIENT as error:
        raise Unavailable("The document store is not reachable.") from error
    except OperationFailure as error:
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise Unavailable("The document store is not ready.") from error
        raise
    except PyMongoError as error:
        if error.timeout:
            raise Unavailable("The document store took too long.") from error
        raise


class Store:
    """One database: majority writes and bounded waiting.

    `journaled`: a write is answered once it is on the disk, not only with the store's process, so that it survives a
    power cut too.
    """

    def __init__(self, client: "AsyncMongoClient[Document]", database: str, *, journaled: bool = True) -> None:
        self.client = client
        self.database: AsyncDatabase[Document] = client.get_database(
            database, write_concern=WriteConcern(w="majority", j=journaled)
        )

    def collection(self, name: str) -> AsyncCollection[Document]:
        """The driver's collection `name`."""
        return self.database[name]

    async def ping(self) -> None:
        """Return when the store answers; raise `Unavailable` when it does not."""
        with translate_errors():
            await self.client.admin.command("ping")

    async def ensure_indexes(self, name: str, indexes: Sequence[Index]) -> None:
        """Create what is missing; creating what exists is a no-op, so every replica may call it."""
        collection = self.collection(name)
        with translate_errors():
            for index in indexes:
                options: dict[str, Any] = {"unique": True} if index.unique else {}
                if index.sparse:
                    options["sparse"] = True
                await collection.create_index(list(index.keys), name=index.name, **options)

    async def count(self, name: str, query: Document) -> int:
        """How many documents match. By aggregation: the driver's own count groups in a way that scans when embedded."""
        with translate_errors():
            cursor = await self.collection(name).aggregate([{"$match": query}, {"$count": "n"}])
            rows = await cursor.to_list()
        return int(rows[0]["n"]) if rows else 0


@asynccontextmanager
async def connect(url: str, database: str, *, pool_size: int = 16, journaled: bool = True) -> AsyncIterator[Store]:
    """A `Store` on `url`, closed at the end. Does not wait for the server: readiness tells when it answers."""
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        url,
        maxPoolSize=pool_size,
        timeoutMS=OPERATION_TIMEOUT_MS,
        serverSelectionTimeoutMS=SERVER_SELECTION_TIMEOUT_MS,
        connectTimeoutMS=SERVER_SELECTION_TIMEOUT_MS,
        appname="casare",
        tz_aware=True,
    )
    try:
        yield Store(client, database, journaled=journaled)
    finally:
        await _close(client)


async def _close(client: "AsyncMongoClient[Document]") -> None:
    """Close, but do not wait long for a server that is gone: the process is about to end."""
    try:
        await asyncio.wait_for(client.close(), CLOSE_TIMEOUT_SECONDS)
    except TimeoutError:
        _log.warning("store_connection_not_closed", waited_seconds=CLOSE_TIMEOUT_SECONDS)
