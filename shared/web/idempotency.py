"""`Idempotency-Key` (clarifications 15): same key and body, the first answer again; same key, other body, 409.

A handler of a creating route takes `key: IdempotencyKey = None` and hands its work over:

    return await idempotent.run(key, request, caller, create)

`create(creation_id)` must give the created thing that id and treat "it exists already" as success. The id is stored
before the work starts and stays the same for every repeat, so that work cut short anywhere — a crash, a store that did
not answer — is finished by the repeat instead of done a second time.

Answers are kept for a day as they are: a route whose answer shows a secret must not keep it here.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
import structlog
from fastapi import Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from shared.kernel.clock import Clock
from shared.kernel.errors import CasareError, Conflict, Unavailable
from shared.kernel.identity import Identity
from shared.kernel.ids import NewId
from shared.storage import Collection, Document, Index, Receipt, Store

IDEMPOTENCY_KEYS: Final = "idempotency_keys"
IDEMPOTENCY_INDEXES: Final = (Index("created_ms", (("created_ms", 1),)),)  # purge
KEEP_MS: Final = 24 * 3_600_000
TAKE_OVER_AFTER_MS: Final = 60_000
"""Work that has not ended by then is presumed dead with its process."""
REPLAYED_HEADER: Final = "Idempotent-Replayed"
_JSON: Final = "application/json"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="A repeat with the same key and body gets the first answer again, for 24 hours.",
    ),
]
Create = Callable[[str], Awaitable[BaseModel]]
"""Does the work under the id it is given and returns the answer."""

_log: Final = structlog.get_logger(__name__)


class IdempotencyKeyReused(Conflict):
    """The key was used before with another body."""

    code = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyInProgress(Conflict):
    """The first request with this key has not been answered yet."""

    code = "IDEMPOTENCY_IN_PROGRESS"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One key as it is stored; the key itself and the body only as hashes."""

    record_id: str = msgspec.field(name="_id")
    tenant_id: str
    fingerprint: str
    creation_id: str
    holder: str
    """Who works on it: unique to each run."""
    started_ms: int
    """When the present holder began; 0 when it gave up and the next may begin."""
    created_ms: int
    answer: str | None = None
    """The JSON text of the answer, once there is one."""
    status: int = 200


class IdempotentResponses:
    """Runs creating requests once per key. Replicas share the keys; the store decides who runs."""

    def __init__(self, store: Store, clock: Clock, new_id: NewId) -> None:
        self._keys = Collection(store, IDEMPOTENCY_KEYS)
        self._clock = clock
        self._new_id = new_id

    async def run(
        self,
        key: str | None,
        request: Request,
        caller: Identity,
        create: Create,
        *,
        fingerprint: bytes | None = None,
        status: int = 200,
    ) -> Response:
        """The answer of `create`, or the kept one of an earlier run; `status` is that of a success.

        What makes two requests the same is method, path, query and body; pass `fingerprint` where the body was
        consumed as a stream. Raises `IdempotencyKeyReused`, `IdempotencyInProgress`, and what `create` raises: after a
        refusal the key is free again, after `Unavailable` a repeat continues under the same id.
        """
        if key is None:
            return _response((await create(self._new_id())).model_dump_json(), status)
        content = fingerprint if fingerprint is not None else await request.body()
        mine = self._attempt(key, request, caller, content, status)
        attempt = await self._begin(mine)
        if attempt.answer is not None:
            return _response(attempt.answer, attempt.status, {REPLAYED_HEADER: "true"})
        return await self._finish(attempt, create)

    async def purge(self) -> int:
        """Forget keys older than a day; returns how many. Every replica may do it."""
        return await self._keys.delete({"created_ms": {"$lt": self._clock.now_ms() - KEEP_MS}})

    def _attempt(self, key: str, request: Request, caller: Identity, content: bytes, status: int) -> Attempt:
        url = request.url
        scope = msgspec.json.encode([caller.tenant_id, caller.kind, caller.subject, request.method, url.path, key])
        now_ms = self._clock.now_ms()
        return Attempt(
            record_id=hashlib.sha256(scope).hexdigest(),
            tenant_id=caller.tenant_id,
            # The key salts the hash: a short secret in a body cannot be found by trying.
            fingerprint=hashlib.sha256(b"\0".join((key.encode(), url.query.encode(), content))).hexdigest(),
            creation_id=self._new_id(),
            holder=self._new_id(),
            started_ms=now_ms,
            created_ms=now_ms,
            status=status,
        )

    async def _begin(self, mine: Attempt) -> Attempt:
        """The attempt to carry out, or one that is answered already."""
        document: Document = msgspec.to_builtins(mine)
        if await self._keys.insert(document):
            return mine
        found = await self._keys.get(mine.record_id)
        if found is None:  # refused and freed in between
            raise IdempotencyInProgress("The request with this Idempotency-Key has just ended; send it again.")
        stored = msgspec.convert(found, Attempt, strict=False)
        if stored.fingerprint != mine.fingerprint:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another request.")
        return stored if stored.answer is not None else await self._take_over(stored, mine)

    async def _take_over(self, stored: Attempt, mine: Attempt) -> Attempt:
        is_abandoned = stored.started_ms <= mine.started_ms - TAKE_OVER_AFTER_MS
        change = {"holder": mine.holder, "started_ms": mine.started_ms}
        if not is_abandoned or not await self._change(stored, change, Receipt("holder", mine.holder)):
            raise IdempotencyInProgress("The first request with this Idempotency-Key is still being worked on.")
        return msgspec.structs.replace(stored, **change)

    async def _finish(self, attempt: Attempt, create: Create) -> Response:
        try:
            answer = (await create(attempt.creation_id)).model_dump_json()
        except Exception as error:
            await self._give_up(attempt, error)
            raise
        await self._settle(attempt, self._change(attempt, {"answer": answer}, Receipt("answer", answer)))
        return _response(answer, attempt.status)

    async def _give_up(self, attempt: Attempt, error: Exception) -> None:
        """A refusal created nothing and frees the key; after anything else a repeat may continue at once."""
        if isinstance(error, CasareError) and not isinstance(error, Unavailable):
            await self._settle(attempt, self._keys.delete({"_id": attempt.record_id, "holder": attempt.holder}))
        else:
            await self._settle(attempt, self._change(attempt, {"started_ms": 0}, Receipt("started_ms", 0)))

    async def _settle(self, attempt: Attempt, write: Awaitable[object]) -> None:
        """The outcome stands whether or not it can be noted; unnoted, a repeat takes over after a minute."""
        try:
            await write
        except Unavailable as error:
            _log.warning("idempotency_outcome_not_kept", tenant_id=attempt.tenant_id, reason=error.detail)

    async def _change(self, attempt: Attempt, fields: Document, receipt: Receipt) -> bool:
        guard = {"_id": attempt.record_id, "holder": attempt.holder, "answer": None}
        return await self._keys.update(guard, {"$set": fields}, receipt)


def _response(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status_code=status, media_type=_JSON, headers=headers)
