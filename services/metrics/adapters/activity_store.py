"""The activity on MongoDB. A tenant's page, newest first, is one range of one index, with or without a type."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from services.metrics.adapters.removal import remove_matching
from services.metrics.adapters.tenant_sequences import TenantSequences
from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.numbering import numbered, stored_ranges
from services.metrics.domain.sequence import Numbers, StoredRange
from services.metrics.ports import ActivityQuery, Kinds
from shared.jobs.position import AFTER_ALL, SEPARATOR, everything_in, moment, tenant_prefix
from shared.kernel.clock import Clock
from shared.storage import Collection, Document, Index, Store
from shared.storage.batcher import Batcher

ACTIVITY: Final = "activity"

ACTIVITY_INDEXES: Final = (
    Index("place", (("place", 1),)),  # a tenant's events in order; the tenants, one after the other; retention
    Index("place_in_type", (("place_in_type", 1),)),  # a tenant's events of one type in order
    Index("seq_place", (("seq_place", 1),)),  # a tenant's events by number: what live streams replay
)

PAGE: Final = 200
SETTLED_AFTER_MS: Final = 8_000
"""A number reserved so long ago is stored or void: longer than a write may take, and than clocks differ."""
MOST_UNSETTLED: Final = 5_000
"""So many numbers are never under way at once."""

Announce = Callable[[Sequence[StoredRange]], Awaitable[None]]
"""Tells who follows the activity live what was stored. Never raises."""


async def _tell_nobody(_: Sequence[StoredRange]) -> None:
    """Where nobody follows."""


class MongoActivity:
    """`ActivityStore`; the event's id is the document's, so that a repeated event finds itself."""

    def __init__(
        self, store: Store, clock: Clock, *, linger_seconds: float = 0, announce: Announce = _tell_nobody
    ) -> None:
        self._documents = Collection(store, ACTIVITY)
        self._sequences = TenantSequences(store, clock)
        self._clock = clock
        self._announce = announce
        self._entries: Batcher[ActivityEntry, bool] = Batcher(self._add_group, linger_seconds=linger_seconds)

    async def add(self, entry: ActivityEntry) -> bool:
        return await self._entries.submit(entry)

    async def _add_group(self, entries: Sequence[ActivityEntry]) -> Sequence[bool | BaseException]:
        """Number the entries and store them, then tell. Dying in between leaves numbers without an event.

        Where one could not be stored, nobody is told which numbers are void: its write may still happen.
        """
        reserved_ms = self._clock.now_ms()
        group = numbered(entries, await self._sequences.reserve(entry.tenant_id for entry in entries))
        inserts = (self._documents.insert(_document(entry, reserved_ms)) for entry in group)
        outcomes = await asyncio.gather(*inserts, return_exceptions=True)
        are_new = [outcome for outcome in outcomes if isinstance(outcome, bool)]
        if len(are_new) == len(group):
            await self._announce(stored_ranges(group, are_new))
        return outcomes

    async def newest(self, query: ActivityQuery) -> list[ActivityEntry]:
        field, condition = _range_of(query)
        found = await self._documents.find({field: condition}, sort=[(field, -1)], limit=query.limit)
        return [_entry(document) for document in found]

    async def count(self, query: ActivityQuery) -> int:
        field, condition = _range_of(query)
        return await self._documents.count({field: condition})

    async def numbered(
        self, tenant_id: str, numbers: Numbers, *, limit: int, kinds: Kinds | None = None
    ) -> list[ActivityEntry]:
        found = await self._documents.find(
            {"seq_place": _numbers_of(tenant_id, numbers), **_condition_of(kinds)},
            sort=[("seq_place", 1)],
            limit=limit,
        )
        return [_entry(document) for document in found]

    async def count_numbered(self, tenant_id: str, numbers: Numbers, *, kinds: Kinds | None = None) -> int:
        return await self._documents.count({"seq_place": _numbers_of(tenant_id, numbers), **_condition_of(kinds)})

    async def oldest_number(self, tenant_id: str) -> int | None:
        found = await self._documents.find(
            {"seq_place": everything_in(tenant_prefix(tenant_id))}, sort=[("seq_place", 1)], limit=1
        )
        return int(found[0]["seq"]) if found else None

    async def last_number(self, tenant_id: str) -> int:
        return (await self._sequences.last(tenant_id)).number

    async def settled_number(self, tenant_id: str) -> int:
        last, reserved_ms = await self._sequences.last(tenant_id)
        settled_ms = self._clock.now_ms() - SETTLED_AFTER_MS
        if reserved_ms <= settled_ms:
            return last
        first_missing, expected = last + 1, last
        while expected > max(0, last - MOST_UNSETTLED):
            page = await self._numbers_down_from(tenant_id, expected)
            for document in page:
                if document["seq"] < expected:
                    first_missing = document["seq"] + 1
                if document["reserved_ms"] <= settled_ms:
                    return first_missing - 1
                expected = document["seq"] - 1
            if len(page) < PAGE and expected > 0:  # nothing is stored below: it was removed, or is the first write
                return max(0, last - MOST_UNSETTLED)
        return first_missing - 1

    async def _numbers_down_from(self, tenant_id: str, number: int) -> list[Document]:
        return await self._documents.find(
            {"seq_place": _numbers_of(tenant_id, Numbers(1, number))},
            sort=[("seq_place", -1)],
            limit=PAGE,
            fields=("seq", "reserved_ms"),
        )

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


def _numbers_of(tenant_id: str, numbers: Numbers) -> Document:
    prefix = tenant_prefix(tenant_id)
    return {"$gte": prefix + moment(numbers.first), "$lte": prefix + moment(numbers.last)}


def _condition_of(kinds: Kinds | None) -> Document:
    """By `$in`, also for one: an equality would have the embedded store leave the order's index."""
    return {} if kinds is None else {"event_type": {"$in": sorted(kinds)}}


def _document(entry: ActivityEntry, reserved_ms: int) -> Document:
    prefix = tenant_prefix(entry.tenant_id)
    rank = f"{moment(entry.at_ms)}{SEPARATOR}{entry.event_id}"
    return {
        "_id": entry.event_id,
        "tenant_id": entry.tenant_id,
        "event_type": entry.event_type,
        "at_ms": entry.at_ms,
        "data_json": entry.data_json,
        "version": entry.version,
        "seq": entry.seq,
        "reserved_ms": reserved_ms,
        "place": prefix + rank,
        "place_in_type": _type_prefix(entry.tenant_id, entry.event_type) + rank,
        "seq_place": prefix + moment(entry.seq),
    }


def _entry(document: Document) -> ActivityEntry:
    """Entries of before events were numbered have neither number nor version."""
    return msgspec.convert({**document, "event_id": document["_id"]}, ActivityEntry, strict=False)
