"""The `audit_entries` collection: written once; only what says where an entry stands in the chain is set later.

`place` orders a tenant's entries by time. `unsealed` is the same text while an entry waits for its block and absent
afterwards, so that one look past a tenant's last possible value finds the next tenant with work. `block` is absent
first, then the `_id` of the entry's block.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection as SomeOf
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog

from services.auth.adapters.audit_keys import AFTER_ALL, after_tenant, all_of, block_id, number_of, prefix_of, tenant_of
from services.auth.domain.audit import AuditEntry, AuditQuery, Scan, StoredEntry, moment, position_of
from services.auth.domain.audit_chain import Block
from shared.storage import Collection, Document, Index, Receipt, Store

AUDIT_ENTRIES: Final = "audit_entries"
AUDIT_ENTRY_INDEXES: Final = (
    Index("place", (("place", 1),)),  # a tenant's entries in order
    Index("unsealed", (("unsealed", 1),), sparse=True),  # what waits for a block, tenant by tenant
    Index("block", (("block", 1),), sparse=True),  # what says it is in a block
)
CLAIMS_BEYOND: Final = 100
"""Entries read that claim blocks beyond the last one: one is enough to know that something is wrong."""

_log: Final = structlog.get_logger(__name__)


class MongoAuditEntries:
    """`AuditEntries` in the document store."""

    def __init__(self, store: Store, *, linger_seconds: float = 0) -> None:
        self._entries = Collection(store, AUDIT_ENTRIES, insert_linger_seconds=linger_seconds)

    async def add(self, entry: AuditEntry) -> bool:
        return await self._entries.insert(_document(entry))

    async def page(self, query: AuditQuery) -> Sequence[StoredEntry]:
        wanted = {
            "actor_id": query.actor,
            "action": query.action,
            "resource_id": query.resource_id,
            "outcome": query.outcome and query.outcome.value,
        }
        condition = {"place": _range_of(query)} | {name: value for name, value in wanted.items() if value is not None}
        found = await self._entries.find(condition, sort=[("place", -1)], limit=query.limit)
        return [_stored(document) for document in found]

    async def next_unsealed_tenant(self, after: str | None) -> str | None:
        found = await self._entries.find(
            {"unsealed": after_tenant(after)}, sort=[("unsealed", 1)], limit=1, fields=["unsealed"]
        )
        return tenant_of(found[0]["unsealed"]) if found else None

    async def unsealed(self, tenant_id: str, limit: int) -> Sequence[AuditEntry]:
        found = await self._entries.find({"unsealed": all_of(tenant_id)}, sort=[("unsealed", 1)], limit=limit)
        entries = [(document["_id"], _entry(document)) for document in found]
        for entry_id in [entry_id for entry_id, entry in entries if entry is None]:
            _log.error("audit_entry_unreadable", entry_id=entry_id)
        return [entry for _, entry in entries if entry is not None]

    async def count_unsealed(self, tenant_id: str) -> int:
        return await self._entries.count({"unsealed": all_of(tenant_id)})

    async def mark_sealed(self, block: Block) -> None:
        key = block_id(block.tenant_id, block.number)
        found = await self._entries.find({"_id": {"$in": list(block.entry_ids)}}, fields=["unsealed"])
        waiting = [document["_id"] for document in found if "unsealed" in document]
        await asyncio.gather(*(self._mark(entry_id, key) for entry_id in waiting))

    async def _mark(self, entry_id: str, key: str) -> None:
        guard = {"_id": entry_id, "unsealed": {"$gt": ""}}
        await self._entries.update(guard, {"$set": {"block": key}, "$unset": {"unsealed": ""}}, Receipt("block", key))

    async def claiming(self, tenant_id: str, after: int, last: int | None) -> Mapping[int, Sequence[StoredEntry]]:
        upper = {"$lt": prefix_of(tenant_id) + AFTER_ALL} if last is None else {"$lte": block_id(tenant_id, last)}
        found = await self._entries.find(
            {"block": {"$gt": block_id(tenant_id, after), **upper}}, limit=CLAIMS_BEYOND if last is None else 0
        )
        by_block: dict[int, list[StoredEntry]] = defaultdict(list)
        for document in found:
            by_block[number_of(document["block"])].append(_stored(document))
        return by_block

    async def with_ids(self, tenant_id: str, entry_ids: SomeOf[str]) -> Sequence[StoredEntry]:
        found = await self._entries.find({"_id": {"$in": list(entry_ids)}})
        return [_stored(document) for document in found if document.get("tenant_id") == tenant_id]

    async def scan(self, tenant_id: str, position: str, limit: int) -> Scan:
        prefix = prefix_of(tenant_id)
        found = await self._entries.find(
            {"place": {"$gte": prefix + position, "$lt": prefix + AFTER_ALL}},
            sort=[("place", 1)],
            limit=limit,
            fields=["place", "unsealed", "block"],
        )
        lawless = next((str(document["_id"]) for document in found if not _is_lawful(document, tenant_id)), None)
        if len(found) < limit:
            return Scan(lawless, None)
        after = found[-1]["place"].removeprefix(prefix)
        # The last one is read again, so that none of its place is missed; that many of one place are not from here.
        return Scan(str(found[-1]["_id"]) if after == position else lawless, after)

    async def remove(self, block: Block) -> None:
        await self._entries.delete({"_id": {"$in": list(block.entry_ids)}})


def _place(entry: AuditEntry) -> str:
    return prefix_of(entry.tenant_id) + position_of(entry)


def _range_of(query: AuditQuery) -> Document:
    prefix = prefix_of(query.tenant_id)
    upper = [AFTER_ALL if query.until_ms is None else moment(query.until_ms), query.before or AFTER_ALL]
    return {"$gte": prefix + moment(query.since_ms or 0), "$lt": prefix + min(upper)}


def _document(entry: AuditEntry) -> Document:
    fields: dict[str, Any] = {name: getattr(entry, name) for name in _FIELDS}
    place = _place(entry)
    return {"_id": entry.id, **fields, "outcome": entry.outcome.value, "place": place, "unsealed": place}


def _entry(document: Document) -> AuditEntry | None:
    try:
        entry = msgspec.convert({**document, "id": document["_id"]}, AuditEntry, strict=False)
    except msgspec.ValidationError:
        return None
    return entry if document.get("place") == _place(entry) else None


def _is_lawful(document: Document, tenant_id: str) -> bool:
    key = document.get("unsealed", document.get("block"))
    is_sealed = number_of(document.get("block")) > 0
    return isinstance(key, str) and tenant_of(key) == tenant_id and is_sealed != ("unsealed" in document)


def _stored(document: Document) -> StoredEntry:
    block = document.get("block")
    if block is not None and "unsealed" in document:
        return StoredEntry(str(document["_id"]), None, number_of(block))
    return StoredEntry(str(document["_id"]), _entry(document), None if block is None else number_of(block))


_FIELDS: Final = tuple(name for name in AuditEntry.__struct_fields__ if name != "id")
