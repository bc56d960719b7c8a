"""The activity on MongoDB. A tenant's page, newest first, is one range of one index, with or without a type."""

from typing import Final

from services.metrics.adapters.removal import remove_matching
from services.metrics.domain.activity import ActivityEntry
from services.metrics.ports import ActivityQuery
from shared.jobs.position import AFTER_ALL, SEPARATOR, everything_in, moment, tenant_prefix
from shared.storage import Collection, Document, Index, Store

ACTIVITY: Final = "activity"

ACTIVITY_INDEXES: Final = (
    Index("place", (("place", 1),)),  # a tenant's events in order; the tenants, one after the other; retention
    Index("place_in_type", (("place_in_type", 1),)),  # a tenant's events of one type in order
)


class MongoActivity:
    """`ActivityStore`; the event's id is the document's, so that a repeated event finds itself."""

    def __init__(self, store: Store, *, linger_seconds: float = 0) -> None:
        self._documents = Collection(store, ACTIVITY, insert_linger_seconds=linger_seconds)

    async def add(self, entry: ActivityEntry) -> bool:
        rank = f"{moment(entry.at_ms)}{SEPARATOR}{entry.event_id}"
        return await self._documents.insert(
            {
                "_id": entry.event_id,
                "tenant_id": entry.tenant_id,
                "event_type": entry.event_type,
                "at_ms": entry.at_ms,
                "data_json": entry.data_json,
                "place": tenant_prefix(entry.tenant_id) + rank,
                "place_in_type": _type_prefix(entry.tenant_id, entry.event_type) + rank,
            }
        )

    async def newest(self, query: ActivityQuery) -> list[ActivityEntry]:
        field, condition = _range_of(query)
        found = await self._documents.find({field: condition}, sort=[(field, -1)], limit=query.limit)
        return [_entry(document) for document in found]

    async def count(self, query: ActivityQuery) -> int:
        field, condition = _range_of(query)
        return await self._documents.count({field: condition})

    async def remove_before(self, at_ms: int) -> int:
        n_removed, tenant_id = 0, await self._next_tenant("")
        while tenant_id is not None:
            prefix = tenant_prefix(tenant_id)
            n_removed += await remove_matching(
                self._documents, {"place": {"$gte": prefix, "$lt": prefix + moment(at_ms)}}
            )
            tenant_id = await self._next_tenant(prefix + AFTER_ALL)
        return n_removed

    async def _next_tenant(self, after: str) -> str | None:
        """The tenant of the first event whose place follows `after`: one look-up per tenant, however many events."""
        found = await self._documents.find({"place": {"$gt": after}}, sort=[("place", 1)], limit=1)
        return found[0]["tenant_id"] if found else None


def _range_of(query: ActivityQuery) -> tuple[str, Document]:
    """The indexed field and the condition on it. The tenant is part of the range."""
    prefix, field = tenant_prefix(query.tenant_id), "place"
    if query.event_type is not None:
        prefix, field = _type_prefix(query.tenant_id, query.event_type), "place_in_type"
    condition = everything_in(prefix)
    if query.since_ms is not None:
        condition = {"$gt": prefix + moment(query.since_ms) + AFTER_ALL, "$lt": prefix + AFTER_ALL}
    return field, condition


def _type_prefix(tenant_id: str, event_type: str) -> str:
    return tenant_prefix(tenant_id) + event_type + SEPARATOR


def _entry(document: Document) -> ActivityEntry:
    return ActivityEntry(
        event_id=document["_id"],
        tenant_id=document["tenant_id"],
        event_type=document["event_type"],
        at_ms=document["at_ms"],
        data_json=document["data_json"],
    )
