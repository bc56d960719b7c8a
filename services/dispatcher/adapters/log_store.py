"""Job logs on MongoDB, one document per batch."""

from typing import Final

import msgspec

from services.dispatcher.domain.log_search import LogOrder
from services.dispatcher.domain.logs import LogBatch, position_of
from shared.kernel.ids import new_token
from shared.storage import Collection, Document, Index, Receipt, Store

JOB_LOGS: Final = "job_logs"
JOB_LOG_INDEXES: Final = (
    Index("position", (("position", 1),)),  # a job's batches in order; the embedded engine scans for a range of `_id`
    Index("batch_key", (("batch_key", 1),)),  # repeats of a call
    Index("at_ms", (("at_ms", 1),)),  # retention
)
TOUCH_BYTES: Final = 8
_TOTALS: Final = tuple(field.encode_name for field in msgspec.structs.fields(LogBatch) if field.name != "packed")


class MongoJobLogs:
    """`JobLogs` on the `job_logs` collection."""

    def __init__(self, store: Store) -> None:
        self._collection = Collection(store, JOB_LOGS)

    async def head(self, job_id: str) -> LogBatch | None:
        found = await self._collection.find(_of_job(job_id), sort=[("position", -1)], limit=1, fields=_TOTALS)
        return _batch(found[0]) if found else None

    async def append(self, batch: LogBatch) -> bool:
        document: Document = msgspec.to_builtins(batch, builtin_types=(bytes,))
        return await self._collection.insert({**document, "position": batch.position})

    async def count_dropped(self, batch: LogBatch, n_entries: int) -> None:
        mark = new_token(TOUCH_BYTES)
        change = {"$inc": {"n_dropped": n_entries}, "$set": {"touched": mark}}
        await self._collection.update({"_id": batch.position}, change, Receipt("touched", mark))

    async def repeated(self, batch_key: str) -> LogBatch | None:
        found = await self._collection.find({"batch_key": batch_key}, limit=1, fields=_TOTALS)
        return _batch(found[0]) if found else None

    async def read(self, job_id: str, number: int, order: LogOrder, limit: int) -> list[LogBatch]:
        if order is LogOrder.DESC:
            return await self._backwards(job_id, number, limit)
        holding = await self._backwards(job_id, number, 1) if number > 1 else []
        query = _of_job(job_id)
        query["position"]["$gte"] = holding[0].position if holding else position_of(job_id, number)
        found = await self._collection.find(query, sort=[("position", 1)], limit=limit)
        return [_batch(document) for document in found]

    async def _backwards(self, job_id: str, number: int, limit: int) -> list[LogBatch]:
        query = _of_job(job_id)
        query["position"]["$lt"] = position_of(job_id, number + 1)
        found = await self._collection.find(query, sort=[("position", -1)], limit=limit)
        return [_batch(document) for document in found]

    async def remove_before(self, before_ms: int, limit: int) -> int:
        old = await self._collection.find({"at_ms": {"$lt": before_ms}}, limit=limit, fields=("_id",))
        if not old:
            return 0
        return await self._collection.delete({"_id": {"$in": [document["_id"] for document in old]}})


def _of_job(job_id: str) -> Document:
    return {"position": {"$gte": position_of(job_id, 0), "$lt": f"{job_id}|~"}}


def _batch(document: Document) -> LogBatch:
    return msgspec.convert(document, LogBatch, strict=False)
