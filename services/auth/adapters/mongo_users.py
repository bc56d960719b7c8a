"""The `users` collection, each user with their outbox.

A user may belong to several tenants, so these documents belong to none; whatever concerns one tenant names it.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from services.auth.domain.user import User
from shared.events import CloudEvent
from shared.kernel.permissions import Role
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Store

USERS: Final = "users"
USER_INDEXES: Final = (OUTBOX_INDEX,)
"""A tenant's users are found by scanning: the keys of a map have no index, and users are few."""

_KEPT: Final = ("user_id", "version", "created_ms")
"""Fields that no change sets: `_id` names the document, the version is counted."""


class MongoUsers:
    """`Users` in the document store. Every change is guarded by the version it was made from."""

    def __init__(self, store: Store, relay: OutboxRelay) -> None:
        self._users = Collection(store, USERS)
        self._relay = relay

    async def get(self, user_id: str) -> User | None:
        document = await self._users.get(user_id)
        return None if document is None else _user(document)

    async def add(self, user: User, event: CloudEvent | None = None) -> bool:
        outbox = {} if event is None else outbox_of_new(event)
        if not await self._users.insert({**msgspec.to_builtins(user), **outbox}):
            return False
        if event is not None:
            self._relay.send(USERS, user.user_id, event)
        return True

    async def change(self, before: User, after: User, event: CloudEvent) -> bool:
        outbox = outbox_fields(event)
        to_set, to_unset = _fields(after)
        change: dict[str, Any] = {
            "$set": {**to_set, **outbox.to_set},
            "$inc": {"version": 1, **outbox.to_increment},
            **({"$unset": to_unset} if to_unset else {}),
        }
        guard = {"_id": before.user_id, "version": before.version}
        if not await self._users.update(guard, change, outbox.receipt):
            return False
        self._relay.send(USERS, before.user_id, event)
        return True

    async def page(self, tenant_id: str, *, limit: int, offset: int) -> tuple[Sequence[User], int]:
        query = {f"tenants.{tenant_id}": {"$exists": True}}
        documents = await self._users.find(query, sort=(("_id", 1),), limit=limit, skip=offset)
        return [_user(document) for document in documents], await self._users.count(query)

    async def admins_of(self, tenant_id: str) -> Sequence[User]:
        return [_user(found) for found in await self._users.find({f"tenants.{tenant_id}": Role.ADMIN.value})]

    async def is_empty(self) -> bool:
        return not await self._users.find({}, limit=1, fields=["_id"])

    async def forget_deleted(self, before_ms: int) -> int:
        return await self._users.delete({"deleted_ms": {"$lt": before_ms}, "unsent": {"$lte": 0}})


def _fields(user: User) -> tuple[Document, Document]:
    """What to set, and what to unset because it is at its default."""
    given: Document = msgspec.to_builtins(user)
    names = [field for field in msgspec.structs.fields(User) if field.name not in _KEPT]
    to_set = {field.encode_name: given[field.encode_name] for field in names if field.encode_name in given}
    return to_set, {field.encode_name: "" for field in names if field.encode_name not in given}


def _user(document: Document) -> User:
    return msgspec.convert(document, User, strict=False)
