"""Rollups on MongoDB. A write replaces the counts where the version is still the one that was read."""

import asyncio
from collections.abc import Collection as Some
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.metrics.adapters.removal import remove_matching
from services.metrics.domain.rollup_keys import RollupKey, RollupKind
from services.metrics.domain.rollups import Rollup, empty_rollup
from shared.storage import Collection, Document, Index, Receipt, Store

ROLLUPS: Final = "rollups"

ROLLUP_INDEXES: Final = (
    Index("starts_ms", (("starts_ms", 1),)),  # all rollups of a day, retention
)


_DAILY: Final = frozenset({RollupKind.TENANT_DAY, RollupKind.ROBOT_DAY})


class MongoRollups:
    """`RollupStore`."""

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, ROLLUPS)

    async def read(self, keys: Some[RollupKey]) -> Mapping[RollupKey, Rollup]:
        ordered = list(keys)
        found = await asyncio.gather(*(self._documents.get(key.rollup_id) for key in ordered))
        return {key: _rollup(key, document) for key, document in zip(ordered, found, strict=True)}

    async def of_day(self, starts_ms: int) -> Mapping[RollupKey, Rollup]:
        found = await self._documents.find({"starts_ms": starts_ms})
        rollups = [msgspec.convert(one, Rollup, strict=False) for one in found if one["kind"] in _DAILY]
        return {rollup.key: rollup for rollup in rollups}

    async def save(self, rollup: Rollup) -> bool:
        fields: Any = msgspec.to_builtins(rollup)
        if rollup.version == 1:
            return await self._documents.insert(dict(fields))
        guard = {"_id": rollup.rollup_id, "version": rollup.version - 1}
        change = {"$set": {name: value for name, value in fields.items() if name != "_id"}}
        return await self._documents.update(guard, change, Receipt("write_id", rollup.write_id))

    async def remove_before(self, at_ms: int) -> int:
        # The total, which stays, began at 0.
        return await remove_matching(self._documents, {"starts_ms": {"$gt": 0, "$lt": at_ms}})


def _rollup(key: RollupKey, document: Document | None) -> Rollup:
    return empty_rollup(key) if document is None else msgspec.convert(document, Rollup, strict=False)
