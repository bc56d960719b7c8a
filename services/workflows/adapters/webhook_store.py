"""Webhooks on MongoDB."""

from typing import Final

import msgspec

from services.workflows.domain.webhook import Webhook
from shared.events import CloudEvent, EventData, wrap
from shared.kernel.ids import NewId
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Index, Store

WEBHOOKS: Final = "webhooks"
WEBHOOK_INDEXES: Final = (
    Index("workflow_id", (("workflow_id", 1),)),  # a workflow's list
    Index("deleted_ms", (("deleted_ms", 1),)),  # purge
    OUTBOX_INDEX,
)


class MongoWebhooks:
    """`Webhooks` on the `webhooks` collection."""

    def __init__(self, store: Store, relay: OutboxRelay, new_id: NewId) -> None:
        self._collection = Collection(store, WEBHOOKS)
        self._relay = relay
        self._new_id = new_id

    async def insert(self, webhook: Webhook, event: EventData) -> bool:
        wrapped = self._wrap(webhook, event)
        document: Document = msgspec.to_builtins(webhook)
        inserted = await self._collection.insert({**document, **outbox_of_new(wrapped)})
        if inserted:
            self._relay.send(WEBHOOKS, webhook.webhook_id, wrapped)
        return inserted

    async def find(self, webhook_id: str) -> Webhook | None:
        document = await self._collection.get(webhook_id)
        if document is None or document["deleted_ms"]:
            return None
        return _from_document(document)

    async def of_workflow(self, tenant_id: str, workflow_id: str) -> list[Webhook]:
        found = await self._collection.find(_living(tenant_id, workflow_id))
        return sorted(map(_from_document, found), key=lambda webhook: (webhook.created_ms, webhook.webhook_id))

    async def count(self, tenant_id: str, workflow_id: str) -> int:
        return await self._collection.count(_living(tenant_id, workflow_id))

    async def delete(self, webhook: Webhook, event: EventData, *, at_ms: int) -> bool:
        after = msgspec.structs.replace(webhook, version=webhook.version + 1, updated_ms=at_ms, deleted_ms=at_ms)
        wrapped = self._wrap(after, event)
        outbox = outbox_fields(wrapped)
        changed = {"version": after.version, "updated_ms": at_ms, "deleted_ms": at_ms}
        guard = {"_id": webhook.webhook_id, "tenant_id": webhook.tenant_id, "version": webhook.version}
        update = {"$set": {**changed, **outbox.to_set}, "$inc": outbox.to_increment}
        deleted = await self._collection.update(guard, update, outbox.receipt)
        if deleted:
            self._relay.send(WEBHOOKS, webhook.webhook_id, wrapped)
        return deleted

    async def purge(self, deleted_before_ms: int) -> int:
        return await self._collection.delete(
            {"deleted_ms": {"$gt": 0, "$lt": deleted_before_ms}, "unsent": {"$lte": 0}}
        )

    def _wrap(self, webhook: Webhook, event: EventData) -> CloudEvent:
        return wrap(
            event,
            event_id=self._new_id(),
            subject=webhook.webhook_id,
            tenant_id=webhook.tenant_id,
            version=webhook.version,
            at_ms=webhook.updated_ms,
        )


def _living(tenant_id: str, workflow_id: str) -> Document:
    return {"workflow_id": workflow_id, "tenant_id": tenant_id, "deleted_ms": 0}


def _from_document(document: Document) -> Webhook:
    return msgspec.convert(document, Webhook, strict=False)
