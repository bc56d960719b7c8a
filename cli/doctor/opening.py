"""Opens the store for a check: as services do, but giving up soon enough to say so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from pymongo import AsyncMongoClient

from cli.doctor.surroundings import Surroundings
from shared.storage import Store

GIVE_UP_MS: Final = 2_500


@asynccontextmanager
async def opened_store(around: Surroundings) -> AsyncIterator[Store]:
    """The store of the surroundings; it may not answer."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        around.mongodb_url,
        maxPoolSize=2,
        timeoutMS=GIVE_UP_MS,
        serverSelectionTimeoutMS=GIVE_UP_MS,
        connectTimeoutMS=GIVE_UP_MS,
        appname="casare doctor",
        tz_aware=True,
    )
    try:
        yield Store(client, around.settings.mongodb_database)
    finally:
        await client.close()
