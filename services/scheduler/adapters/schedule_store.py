"""Schedules on MongoDB."""

from typing import Any, Final

import msgspec

from services.scheduler.domain.schedule import Schedule
from shared.events import CloudEvent, EventData, wrap
from shared.jobs.position import SEPARATOR, everything_in, moment, tenant_prefix
from shared.kernel.ids import NewId
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Index, Receipt, Store

SCHEDULES: Final = "schedules"
SCHEDULE_INDEXES: Final = (
    Index("next_run_ms", (("next_run_ms", 1),)),  # what is due, when to wake
    Index("place", (("place", 1),)),  # a tenant's list, in its order
    Index("upcoming_place", (("upcoming_place", 1),)),  # a tenant's next runs, in their order
    Index("deleted_ms", (("deleted_ms", 1),)),  # what to remove
    OUTBOX_INDEX,
)


class MongoSchedules:
    """`Schedules` on the `schedules` collection."""

    def __init__(self, store: Store, relay: OutboxRelay, new_id: NewId) -> None:
        self._collection = Collection(store, SCHEDULES)
        self._relay = relay
        self._new_id = new_id

    async def insert(self, schedule: Schedule, event: EventData) -> bool:
        wrapped = self._wrap(schedule, event)
        inserted = await self._collection.insert({**_to_document(schedule), **outbox_of_new(wrapped)})
        if inserted:
            self._relay.send(SCHEDULES, schedule.schedule_id, wrapped)
        return inserted

    async def get(self, tenant_id: str, schedule_id: str) -> Schedule | None:
        document = await self._collection.get(schedule_id)
        if document is None or document["tenant_id"] != tenant_id or document.get("deleted_ms") is not None:
            return None
        return _from_document(document)

    async def find(
        self, tenant_id: str, *, workflow_id: str | None, enabled: bool | None, limit: int
    ) -> list[Schedule]:
        query = _of_tenant("place", tenant_id, workflow_id)
        if enabled is not None:
            query["enabled"] = enabled
        return await self._find(query, "place", limit)

    async def upcoming(self, tenant_id: str, *, workflow_id: str | None, limit: int) -> list[Schedule]:
        return await self._find(_of_tenant("upcoming_place", tenant_id, workflow_id), "upcoming_place", limit)

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        guard = {"_id": before.schedule_id, "tenant_id": before.tenant_id, "version": before.version}
        changed = _difference(_to_document(before), _to_document(after))
        if event is None:
            mark = self._new_id()
            return await self._collection.update(guard, {"$set": {**changed, "mark": mark}}, Receipt("mark", mark))
        wrapped = self._wrap(after, event)
        outbox = outbox_fields(wrapped)
        update = {"$set": {**changed, **outbox.to_set}, "$inc": outbox.to_increment}
        saved = await self._collection.update(guard, update, outbox.receipt)
        if saved:
            self._relay.send(SCHEDULES, after.schedule_id, wrapped)
        return saved

    async def due(self, now_ms: int, limit: int) -> list[Schedule]:
        return await self._find({"next_run_ms": {"$gt": 0, "$lte": now_ms}}, "next_run_ms", limit)

    async def next_due_ms(self, after_ms: int) -> int | None:
        query = {"next_run_ms": {"$gt": after_ms}}
        found = await self._collection.find(query, sort=[("next_run_ms", 1)], limit=1, fields=("next_run_ms",))
        return int(found[0]["next_run_ms"]) if found else None

    async def remove_deleted(self, until_ms: int) -> int:
        return await self._collection.delete({"deleted_ms": {"$gt": 0, "$lte": until_ms}, "unsent": {"$lte": 0}})

    async def _find(self, query: Document, order: str, limit: int) -> list[Schedule]:
        return [_from_document(found) for found in await self._collection.find(query, sort=[(order, 1)], limit=limit)]

    def _wrap(self, schedule: Schedule, event: EventData) -> CloudEvent:
        return wrap(
            event,
            event_id=self._new_id(),
            subject=schedule.schedule_id,
            tenant_id=schedule.tenant_id,
            version=schedule.version,
            at_ms=schedule.updated_ms,
        )


def _of_tenant(place: str, tenant_id: str, workflow_id: str | None) -> Document:
    """The tenant's schedules that have this kind of place, in its order."""
    query: Document = {place: everything_in(tenant_prefix(tenant_id))}
    return query if workflow_id is None else {**query, "workflow_id": workflow_id}


def _difference(before: Document, after: Document) -> Document:
    return {name: value for name, value in after.items() if before[name] != value}


def _from_document(document: Document) -> Schedule:
    return msgspec.convert(document, Schedule, strict=False)


def _to_document(schedule: Schedule) -> Document:
    document: Any = msgspec.to_builtins(schedule)
    listed_ms = schedule.created_ms if schedule.deleted_ms is None else None
    return {**document, "place": _place(schedule, listed_ms), "upcoming_place": _place(schedule, schedule.next_run_ms)}


def _place(schedule: Schedule, at_ms: int | None) -> str | None:
    """Where the schedule stands in a list of its tenant by this time; None: it is not in that list."""
    if at_ms is None:
        return None
    return tenant_prefix(schedule.tenant_id) + SEPARATOR.join((moment(at_ms), schedule.schedule_id))
