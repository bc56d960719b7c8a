"""Robots on MongoDB. A slot is one entry in the robot's own document, guarded by the number it may hold."""

from typing import Any, Final

import msgspec

from services.dispatcher.domain.robot import Robot, from_document, to_document
from shared.events import CloudEvent, EventData, wrap
from shared.jobs.fleet import ROBOTS, Condition, robot_document_id
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId, new_token
from shared.messaging.outbox import OUTBOX_INDEX, OutboxRelay, outbox_fields, outbox_of_new
from shared.storage import Absent, Collection, Document, Index, Receipt, Store

ROBOT_INDEXES: Final = (
    Index("tenant_id", (("tenant_id", 1),)),  # the fleet's list
    Index("last_seen_ms", (("last_seen_ms", 1),)),  # silent robots
    Index("n_active", (("n_active", 1),)),  # slots to check
    Index("deleted_ms", (("deleted_ms", 1),)),  # what is left of deleted robots
    OUTBOX_INDEX,
)
TOUCH_BYTES: Final = 8


class MongoRobots:
    """`Robots` on the `robots` collection."""

    def __init__(self, store: Store, relay: OutboxRelay, clock: Clock, new_id: NewId) -> None:
        self._collection = Collection(store, ROBOTS)
        self._relay = relay
        self._clock = clock
        self._new_id = new_id

    async def get(self, tenant_id: str, robot_id: str) -> Robot | None:
        robot = await self._any(tenant_id, robot_id)
        return None if robot is None or robot.is_deleted else robot

    async def deleted(self, tenant_id: str, robot_id: str) -> Robot | None:
        robot = await self._any(tenant_id, robot_id)
        return robot if robot is not None and robot.is_deleted else None

    async def _any(self, tenant_id: str, robot_id: str) -> Robot | None:
        document = await self._collection.get(robot_document_id(tenant_id, robot_id))
        return None if document is None else from_document(document)

    async def insert(self, robot: Robot, event: EventData) -> bool:
        wrapped = self._wrap(robot.tenant_id, robot.robot_id, robot.version, event)
        inserted = await self._collection.insert({**to_document(robot), **outbox_of_new(wrapped)})
        if inserted:
            self._relay.send(ROBOTS, robot.document_id, wrapped)
        return inserted

    async def change(self, robot: Robot, fields: dict[str, Any], event: EventData | None) -> Robot | None:
        guard = {"_id": robot.document_id, "version": robot.version}
        to_set: Document = {**fields, "version": robot.version + 1}
        if event is None:
            mark = new_token(TOUCH_BYTES)
            receipt = Receipt("touched", mark)
            applied = await self._collection.update(guard, {"$set": {**to_set, "touched": mark}}, receipt)
        else:
            wrapped = self._wrap(robot.tenant_id, robot.robot_id, robot.version + 1, event)
            outbox = outbox_fields(wrapped)
            update = {"$set": {**to_set, **outbox.to_set}, "$inc": outbox.to_increment}
            applied = await self._collection.update(guard, update, outbox.receipt)
            if applied:
                self._relay.send(ROBOTS, robot.document_id, wrapped)
        return msgspec.structs.replace(robot, **to_set) if applied else None

    async def touch(self, robot: Robot, fields: dict[str, Any]) -> None:
        mark = new_token(TOUCH_BYTES)
        update = {"$set": {**fields, "touched": mark}}
        await self._collection.update({"_id": robot.document_id}, update, Receipt("touched", mark))

    async def take_slot(
        self, robot: Robot, job_id: str, token: str, now_ms: int, *, connection_id: str | None = None
    ) -> bool:
        path = f"active.{job_id}"
        guard: Document = {
            "_id": robot.document_id,
            "condition": Condition.OK.value,
            "max_concurrent_jobs": robot.max_concurrent_jobs,
            "n_active": {"$lt": robot.max_concurrent_jobs},
            path: {"$exists": False},
        }
        if connection_id is not None:
            guard["connection_id"] = connection_id
        update = {
            "$set": {path: {"token": token, "since_ms": now_ms}, "last_seen_ms": now_ms},
            "$inc": {"n_active": 1},
        }
        return await self._collection.update(guard, update, Receipt(f"{path}.token", token))

    async def free_slot(
        self, tenant_id: str, robot_id: str, job_id: str, token: str, *, cancelled_ms: int | None = None
    ) -> None:
        path = f"active.{job_id}"
        guard = {"_id": robot_document_id(tenant_id, robot_id), f"{path}.token": token}
        update: Document = {"$unset": {path: ""}, "$inc": {"n_active": -1}}
        if cancelled_ms is not None:
            update["$set"] = {f"cancelled.{job_id}": cancelled_ms}
        await self._collection.update(guard, update, Receipt(path, Absent))

    async def forget_cancelled(self, tenant_id: str, robot_id: str, job_id: str) -> None:
        path = f"cancelled.{job_id}"
        guard = {"_id": robot_document_id(tenant_id, robot_id), path: {"$exists": True}}
        await self._collection.update(guard, {"$unset": {path: ""}}, Receipt(path, Absent))

    async def note(self, tenant_id: str, robot_id: str, event: EventData, at_ms: int) -> None:
        document_id = robot_document_id(tenant_id, robot_id)
        wrapped = self._wrap(tenant_id, robot_id, 0, event, at_ms)
        outbox = outbox_fields(wrapped)
        update = {"$set": outbox.to_set, "$inc": outbox.to_increment}
        if await self._collection.update({"_id": document_id}, update, outbox.receipt):
            self._relay.send(ROBOTS, document_id, wrapped)

    async def find(self, tenant_id: str, environment: str | None) -> list[Robot]:
        query: Document = {"tenant_id": tenant_id}
        if environment is not None:
            query["environment"] = environment
        robots = [from_document(found) for found in await self._collection.find(query, sort=[("_id", 1)])]
        return [robot for robot in robots if not robot.is_deleted]

    async def silent_since(self, before_ms: int, limit: int) -> list[Robot]:
        query = {"last_seen_ms": {"$lt": before_ms}, "announced_offline": 0}
        return [from_document(found) for found in await self._collection.find(query, limit=limit)]

    async def with_jobs(self, limit: int) -> list[Robot]:
        found = await self._collection.find({"n_active": {"$gt": 0}}, limit=limit)
        return [from_document(document) for document in found]

    async def forget_deleted(self, before_ms: int, limit: int) -> int:
        """The guard holds at the removal itself: the robot may register again at any moment."""
        nothing_pending: Document = {"deleted_ms": {"$lt": before_ms}, "unsent": 0, "n_active": 0}
        found = await self._collection.find({"deleted_ms": {"$lt": before_ms}}, limit=limit, fields=("_id",))
        if not found:
            return 0
        return await self._collection.delete({"_id": {"$in": [one["_id"] for one in found]}, **nothing_pending})

    def _wrap(
        self, tenant_id: str, robot_id: str, version: int, event: EventData, at_ms: int | None = None
    ) -> CloudEvent:
        return wrap(
            event,
            event_id=self._new_id(),
            subject=robot_id,
            tenant_id=tenant_id,
            version=version,
            at_ms=self._clock.now_ms() if at_ms is None else at_ms,
        )
