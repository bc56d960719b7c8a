"""The `tenants` collection, each tenant with its outbox. The documents' `_id` is the tenant's id."""

from collections.abc import Sequence
from typing import Final

import msgspec

from services.auth.domain.tenant import Tenant, leaver_key
from shared.events import CloudEvent
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Receipt, Store
from shared.storage.collection import Absent

TENANTS: Final = "tenants"
TENANT_INDEXES: Final = (OUTBOX_INDEX,)


class MongoTenants:
    """`Tenants` in the document store. Every change is guarded by the version it was made from."""

    def __init__(self, store: Store, relay: OutboxRelay) -> None:
        self._tenants = Collection(store, TENANTS)
        self._relay = relay

    async def get(self, tenant_id: str) -> Tenant | None:
        document = await self._tenants.get(tenant_id)
        return None if document is None else _tenant(document)

    async def add(self, tenant: Tenant, event: CloudEvent | None = None) -> bool:
        outbox = {} if event is None else outbox_of_new(event)
        if not await self._tenants.insert({**msgspec.to_builtins(tenant), **outbox}):
            return False
        if event is not None:
            self._relay.send(TENANTS, tenant.tenant_id, event)
        return True

    async def change(self, before: Tenant, after: Tenant, event: CloudEvent) -> bool:
        outbox = outbox_fields(event)
        state = {"name": after.name, "disabled_ms": after.disabled_ms, **outbox.to_set}
        change = {"$set": state, "$inc": {"version": 1, **outbox.to_increment}}
        if not await self._tenants.update(_guard(before), change, outbox.receipt):
            return False
        self._relay.send(TENANTS, before.tenant_id, event)
        return True

    async def note_leaver(self, before: Tenant, after: Tenant) -> bool:
        change = {"$set": {"leaving": after.leaving}, "$inc": {"version": 1}}
        return await self._tenants.update(_guard(before), change, Receipt("leaving", after.leaving))

    async def forget_leaver(self, tenant_id: str, user_id: str, since_ms: int) -> None:
        path = f"leaving.{leaver_key(user_id)}"
        await self._tenants.update({"_id": tenant_id, path: since_ms}, {"$unset": {path: ""}}, Receipt(path, Absent))

    async def page(self, tenant_ids: Sequence[str] | None, *, limit: int, offset: int) -> tuple[Sequence[Tenant], int]:
        query: Document = {} if tenant_ids is None else {"_id": {"$in": list(tenant_ids)}}
        documents = await self._tenants.find(query, sort=(("_id", 1),), limit=limit, skip=offset)
        return [_tenant(document) for document in documents], await self._tenants.count(query)


def _tenant(document: Document) -> Tenant:
    return msgspec.convert(document, Tenant, strict=False)


def _guard(tenant: Tenant) -> Document:
    return {"_id": tenant.tenant_id, "version": tenant.version}
