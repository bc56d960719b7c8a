"""The `users` collection, only ever read by `_id`.

A user may belong to several tenants, so these documents belong to none.
"""

from typing import Final

import msgspec

from services.auth.domain.user import User
from shared.storage import Collection, Store

USERS: Final = "users"


class MongoUsers:
    """`Users` in the document store."""

    def __init__(self, store: Store) -> None:
        self._users = Collection(store, USERS)

    async def get(self, user_id: str) -> User | None:
        document = await self._users.get(user_id)
        return None if document is None else msgspec.convert(document, User, strict=False)

    async def add(self, user: User) -> bool:
        return await self._users.insert(msgspec.to_builtins(user))

    async def is_empty(self) -> bool:
        return not await self._users.find({}, limit=1, fields=["_id"])
