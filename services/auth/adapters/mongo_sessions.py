"""The `sessions` collection: refresh families, each with its outbox."""

from collections.abc import Sequence
from typing import Final

import msgspec

from services.auth.domain.session import Session
from shared.events import CloudEvent
from shared.kernel.errors import Unavailable
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Collection, Document, Index, Receipt, Store

SESSIONS: Final = "sessions"
SESSION_INDEXES: Final = (
    Index("revoked_until_ms", (("revoked_until_ms", 1),)),  # what gateways must refuse
    Index("expires_ms", (("expires_ms", 1),)),  # deletion of what is over
    Index("user_id", (("user_id", 1),)),  # what ends when a user changes
    Index("tenant_id", (("tenant_id", 1),)),  # what ends when a tenant is disabled
    OUTBOX_INDEX,
)


class MongoSessions:
    """`Sessions` in the document store. Every change is guarded by the version it was made from."""

    def __init__(self, store: Store, relay: OutboxRelay) -> None:
        self._sessions = Collection(store, SESSIONS)
        self._relay = relay

    async def add(self, session: Session, event: CloudEvent) -> None:
        await self._sessions.insert({**msgspec.to_builtins(session), **outbox_of_new(event)})
        self._relay.send(SESSIONS, session.session_id, event)

    async def get(self, tenant_id: str, session_id: str) -> Session | None:
        document = await self._sessions.get(session_id)
        if document is None or document["tenant_id"] != tenant_id:
            return None
        return _session(document)

    async def refresh(self, before: Session, after: Session) -> bool:
        change = {
            "$set": {
                "refresh_id": after.refresh_id,
                "refreshed_ms": after.refreshed_ms,
                "access_expires_ms": after.access_expires_ms,
                "expires_ms": after.expires_ms,
            },
            "$inc": {"version": 1},
        }
        try:
            return await self._sessions.update(_guard(before), change, Receipt("refresh_id", after.refresh_id))
        except Unavailable:
            # The write may have happened. Saying "try again" then would turn the repeat into a reuse.
            if await self._is_current(after):
                return True
            raise

    async def _is_current(self, session: Session) -> bool:
        stored = await self.get(session.tenant_id, session.session_id)
        return stored is not None and stored.refresh_id == session.refresh_id

    async def revoke(self, before: Session, after: Session, event: CloudEvent) -> bool:
        outbox = outbox_fields(event)
        change = {
            "$set": {
                "revoked_ms": after.revoked_ms,
                "revoked_reason": after.revoked_reason,
                "revoked_until_ms": after.revoked_until_ms,
                **outbox.to_set,
            },
            "$inc": {"version": 1, **outbox.to_increment},
        }
        if not await self._sessions.update(_guard(before), change, outbox.receipt):
            return False
        self._relay.send(SESSIONS, before.session_id, event)
        return True

    async def revoked_with_live_tokens(self, at_ms: int) -> Sequence[Session]:
        return [_session(found) for found in await self._sessions.find({"revoked_until_ms": {"$gt": at_ms}})]

    async def begun_by(
        self, user_id: str, tenant_id: str | None, *, before_version: int, except_session: str | None, limit: int
    ) -> Sequence[Session]:
        query: Document = {"user_id": user_id, "revoked_ms": None, "user_version": {"$lt": before_version}}
        if tenant_id is not None:
            query["tenant_id"] = tenant_id
        if except_session is not None:
            query["_id"] = {"$ne": except_session}
        return [_session(found) for found in await self._sessions.find(query, limit=limit)]

    async def begun_in(self, tenant_id: str, *, until_ms: int, limit: int) -> Sequence[Session]:
        query = {"tenant_id": tenant_id, "revoked_ms": None, "created_ms": {"$lte": until_ms}}
        return [_session(found) for found in await self._sessions.find(query, limit=limit)]

    async def carry_over(self, before: Session, user_version: int) -> bool:
        change = {"$set": {"user_version": user_version}, "$inc": {"version": 1}}
        return await self._sessions.update(_guard(before), change, Receipt("user_version", user_version))

    async def forget_expired(self, before_ms: int) -> int:
        return await self._sessions.delete({"expires_ms": {"$lt": before_ms}, "unsent": {"$lte": 0}})


def _session(document: Document) -> Session:
    return msgspec.convert(document, Session, strict=False)


def _guard(session: Session) -> Document:
    return {"_id": session.session_id, "tenant_id": session.tenant_id, "version": session.version}
