"""The `api_keys` collection: robots' keys without their secrets, each with its outbox."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, assert_never

import msgspec

from services.auth.domain.api_key import ApiKey, ApiKeyStatus, KeyFilter
from shared.events import CloudEvent
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Index, Receipt, Store

API_KEYS: Final = "api_keys"
API_KEY_INDEXES: Final = (
    Index("tenant_id", (("tenant_id", 1),)),  # a tenant's list
    Index("revoked_ms", (("revoked_ms", 1),)),  # what gateways must refuse
    OUTBOX_INDEX,
)

_NEWEST_FIRST: Final = (("created_ms", -1), ("_id", 1))


class MongoApiKeys:
    """`ApiKeys` in the document store."""

    def __init__(self, store: Store, relay: OutboxRelay) -> None:
        self._keys = Collection(store, API_KEYS)
        self._relay = relay

    async def add(self, key: ApiKey, event: CloudEvent) -> bool:
        if not await self._keys.insert({**msgspec.to_builtins(key), **outbox_of_new(event)}):
            return False
        self._relay.send(API_KEYS, key.key_id, event)
        return True

    async def find(self, key_id: str) -> ApiKey | None:
        document = await self._keys.get(key_id)
        return None if document is None else _key(document)

    async def get(self, tenant_id: str, key_id: str) -> ApiKey | None:
        key = await self.find(key_id)
        return key if key is not None and key.tenant_id == tenant_id else None

    async def page(self, tenant_id: str, wanted: KeyFilter, *, limit: int, offset: int) -> tuple[Sequence[ApiKey], int]:
        query = {"tenant_id": tenant_id, **_matching(wanted)}
        documents = await self._keys.find(query, sort=_NEWEST_FIRST, limit=limit, skip=offset)
        return [_key(document) for document in documents], await self._keys.count(query)

    async def bound_to(self, tenant_id: str, robot_id: str) -> Sequence[ApiKey]:
        query = {"tenant_id": tenant_id, "robot_id": robot_id, "revoked_ms": None}
        return [_key(document) for document in await self._keys.find(query)]

    async def change(self, before: ApiKey, after: ApiKey, event: CloudEvent) -> bool:
        outbox = outbox_fields(event)
        guard = {"_id": before.key_id, "tenant_id": before.tenant_id, "version": before.version}
        change: dict[str, Any] = {
            "$set": {**_end_of(after), **outbox.to_set},
            "$inc": {"version": 1, **outbox.to_increment},
        }
        if not await self._keys.update(guard, change, outbox.receipt):
            return False
        self._relay.send(API_KEYS, before.key_id, event)
        return True

    async def revoked_since(self, since_ms: int) -> Sequence[str]:
        found = await self._keys.find({"revoked_ms": {"$gt": since_ms}}, fields=["_id"])
        return [document["_id"] for document in found]

    async def note_uses(self, uses: Sequence[tuple[ApiKey, int]]) -> None:
        await asyncio.gather(*(self._note_use(key, at_ms) for key, at_ms in uses))

    async def _note_use(self, key: ApiKey, at_ms: int) -> None:
        guard = {"_id": key.key_id, "tenant_id": key.tenant_id, "last_used_ms": {"$lt": at_ms}}
        await self._keys.update(guard, {"$set": {"last_used_ms": at_ms}}, Receipt("last_used_ms", at_ms))


def _end_of(key: ApiKey) -> Document:
    """What changes in a key's life, each from nothing to something."""
    ends = {"revoked_ms": key.revoked_ms, "rotated_to": key.rotated_to, "expires_ms": key.expires_ms}
    return {name: value for name, value in ends.items() if value is not None}


def _matching(wanted: KeyFilter) -> Document:
    query: Document = {} if wanted.robot_id is None else {"robot_id": wanted.robot_id}
    match wanted.status:
        case None:
            return query
        case ApiKeyStatus.REVOKED:
            return {**query, "revoked_ms": {"$gt": 0}}
        case ApiKeyStatus.EXPIRED:
            return {**query, "revoked_ms": None, "expires_ms": {"$lte": wanted.now_ms}}
        case ApiKeyStatus.ACTIVE:
            unexpired = [{"expires_ms": None}, {"expires_ms": {"$gt": wanted.now_ms}}]
            return {**query, "revoked_ms": None, "$or": unexpired}
        case _:
            assert_never(wanted.status)


def _key(document: Document) -> ApiKey:
    return msgspec.convert(document, ApiKey, strict=False)
