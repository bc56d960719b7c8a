"""The rebuild on MongoDB: one document, each change guarded by its version."""

from typing import Any, Final

import msgspec

from services.metrics.domain.rebuild import THE_REBUILD, Rebuild
from shared.events import CloudEvent, EventData, wrap
from shared.kernel.ids import NewId
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Receipt, Store

REBUILDS: Final = "rollup_rebuilds"
REBUILD_INDEXES: Final = (OUTBOX_INDEX,)


class MongoRebuilds:
    """`RebuildStore`."""

    def __init__(self, store: Store, relay: OutboxRelay, new_id: NewId) -> None:
        self._documents = Collection(store, REBUILDS)
        self._relay = relay
        self._new_id = new_id

    async def latest(self) -> Rebuild | None:
        document = await self._documents.get(THE_REBUILD)
        return None if document is None else msgspec.convert(document, Rebuild, strict=False)

    async def save(self, rebuild: Rebuild, event: EventData | None = None) -> bool:
        wrapped = None if event is None else self._wrap(rebuild, event)
        saved = await (self._insert(rebuild, wrapped) if rebuild.version == 1 else self._update(rebuild, wrapped))
        if saved and wrapped is not None:
            self._relay.send(REBUILDS, THE_REBUILD, wrapped)
        return saved

    async def _insert(self, rebuild: Rebuild, event: CloudEvent | None) -> bool:
        return await self._documents.insert({**_fields(rebuild), **(outbox_of_new(event) if event else {})})

    async def _update(self, rebuild: Rebuild, event: CloudEvent | None) -> bool:
        guard = {"_id": THE_REBUILD, "version": rebuild.version - 1}
        fields = {name: value for name, value in _fields(rebuild).items() if name != "_id"}
        if event is None:
            mark = self._new_id()
            return await self._documents.update(guard, {"$set": {**fields, "mark": mark}}, Receipt("mark", mark))
        outbox = outbox_fields(event)
        change = {"$set": {**fields, **outbox.to_set}, "$inc": outbox.to_increment}
        return await self._documents.update(guard, change, outbox.receipt)

    def _wrap(self, rebuild: Rebuild, event: EventData) -> CloudEvent:
        return wrap(
            event,
            event_id=self._new_id(),
            subject=rebuild.rebuild_id,
            tenant_id=rebuild.tenant_id,
            version=rebuild.version,
            at_ms=rebuild.finished_ms or rebuild.requested_ms,
        )


def _fields(rebuild: Rebuild) -> Document:
    fields: Any = msgspec.to_builtins(rebuild)
    return dict(fields)
