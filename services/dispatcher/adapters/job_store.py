"""Jobs on MongoDB: guards are built from `TRANSITIONS`, so that a rule and its atomicity cannot drift."""

from collections import OrderedDict
from typing import Any, Final

import msgspec

from services.dispatcher.domain.transitions import Change
from shared.events import wrap
from shared.jobs import JOBS, Job, JobStatus, Requirements
from shared.jobs.job import from_document
from shared.jobs.position import AFTER_ALL, QueueKey, parse_position
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId, new_token
from shared.messaging.outbox import OutboxRelay, outbox_fields
from shared.storage import Collection, Document, Receipt, Store

TOUCH_BYTES: Final = 8
REMEMBERED: Final = 10_000


class MongoJobs:
    """`Jobs` on the `jobs` collection."""

    def __init__(self, store: Store, relay: OutboxRelay, clock: Clock, new_id: NewId) -> None:
        self._collection = Collection(store, JOBS)
        self._relay = relay
        self._clock = clock
        self._new_id = new_id
        self._held: OrderedDict[str, Job] = OrderedDict()

    def remembered(self, job_id: str) -> Job | None:
        return self._held.get(job_id)

    async def get(self, job_id: str) -> Job | None:
        document = await self._collection.get(job_id)
        return None if document is None else from_document(document)

    async def apply(self, job: Job, change: Change) -> Job | None:
        if change.event is None:
            return await self._touch(job, change)
        event = wrap(
            change.event,
            event_id=self._new_id(),
            subject=job.job_id,
            tenant_id=job.tenant_id,
            version=job.version + 1,
            at_ms=self._clock.now_ms(),
            traceparent=job.traceparent,
        )
        outbox = outbox_fields(event)
        fields = {**change.fields, "version": job.version + 1, "updated_ms": event.timems}
        update = {"$set": {**fields, **outbox.to_set}, "$inc": outbox.to_increment}
        if not await self._collection.update(_guard(job, change), update, outbox.receipt):
            self._held.pop(job.job_id, None)
            return None
        self._relay.send(JOBS, job.job_id, event)
        return self._remember(msgspec.structs.replace(job, **fields))

    async def _touch(self, job: Job, change: Change) -> Job | None:
        """Telemetry keeps the version: it may come as often as it likes without disturbing a transition."""
        mark = new_token(TOUCH_BYTES)
        update = {"$set": {**change.fields, "touched": mark}}
        if not await self._collection.update(_guard(job, change), update, Receipt("touched", mark)):
            self._held.pop(job.job_id, None)
            return None
        return self._remember(msgspec.structs.replace(job, **change.fields))

    def _remember(self, job: Job) -> Job:
        """Keep held jobs at hand for their next report; what others change meanwhile fails on the guard."""
        if job.is_leased:
            self._held[job.job_id] = job
            if len(self._held) > REMEMBERED:
                self._held.popitem(last=False)
        else:
            self._held.pop(job.job_id, None)
        return job

    async def with_expired_lease(self, now_ms: int, limit: int) -> list[Job]:
        return await self._find({"lease_expires_ms": {"$lt": now_ms}}, "lease_expires_ms", limit)

    async def past_deadline(self, now_ms: int, limit: int) -> list[Job]:
        return await self._find({"deadline_ms": {"$lt": now_ms}}, "deadline_ms", limit)

    async def due(self, now_ms: int, limit: int) -> list[Job]:
        return await self._find({"waiting_until_ms": {"$lte": now_ms}}, "waiting_until_ms", limit)

    async def pending_of(self, tenant_id: str, workflow_id: str, limit: int) -> list[Job]:
        query = {"workflow_id": workflow_id, "tenant_id": tenant_id, "status": JobStatus.PENDING}
        return [from_document(found) for found in await self._collection.find(query, limit=limit)]

    async def claimable_after(self, position: str, limit: int) -> list[tuple[str, Requirements]]:
        return await self._claimable({"$gt": position}, limit)

    async def claimable_in(self, key: QueueKey, limit: int) -> list[tuple[str, Requirements]]:
        return await self._claimable({"$gte": key.prefix, "$lt": key.prefix + AFTER_ALL}, limit)

    async def count_before(self, position: str, limit: int) -> int:
        before = {"$gte": parse_position(position).key.prefix, "$lt": position}
        return len(await self._collection.find({"queue_position": before}, fields=("_id",), limit=limit))

    async def remove_finished(self, before_ms: int, limit: int) -> int:
        removable = {
            "finished_ms": {"$lt": before_ms},
            # One-value `$in`s keep the embedded store on the index of `finished_ms`; equalities take it to their own.
            "unsent": {"$in": [0]},
            "dead_place": {"$in": [None]},
        }
        found = await self._collection.find(removable, sort=[("finished_ms", 1)], limit=limit, fields=("_id",))
        return await self._collection.delete({"_id": {"$in": [document["_id"] for document in found]}}) if found else 0

    async def _find(self, query: Document, order: str, limit: int) -> list[Job]:
        return [from_document(found) for found in await self._collection.find(query, sort=[(order, 1)], limit=limit)]

    async def _claimable(self, position_range: Any, limit: int) -> list[tuple[str, Requirements]]:
        documents = await self._collection.find(
            {"queue_position": position_range},
            sort=[("queue_position", 1)],
            limit=limit,
            fields=("queue_position", "requirements"),
        )
        return [
            (document["queue_position"], msgspec.convert(document["requirements"], Requirements, strict=False))
            for document in documents
        ]


def _guard(job: Job, change: Change) -> Document:
    return {
        "_id": job.job_id,
        "version": job.version,
        "status": {"$in": sorted(change.sources)},
        "robot_id": job.robot_id,
        "attempt": job.attempt,
    }
