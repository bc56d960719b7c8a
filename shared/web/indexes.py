"""Indexes, created in the background: a service starts whether or not the store answers yet."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.storage import Index, Store
from shared.web.periodic import Duty

RETRY_SECONDS: Final = 1.0


def ensure_indexes_duty(store: Store, indexes: Mapping[str, Sequence[Index]]) -> Duty:
    """Creates the indexes of each collection; once that worked, further runs do nothing."""
    created: set[str] = set()

    async def ensure() -> None:
        for collection in [name for name in indexes if name not in created]:
            await store.ensure_indexes(collection, indexes[collection])
            created.add(collection)

    return Duty("ensure-indexes", RETRY_SECONDS, ensure)
