"""Dead letters on MongoDB: the jobs that have a `dead_place`, in its order."""

from services.dispatcher.ports import DeadLetterQuery
from shared.jobs import JOBS, Job
from shared.jobs.history import LISTED_FIELDS
from shared.jobs.job import from_document
from shared.jobs.position import everything_in, moment, tenant_prefix
from shared.storage import Collection, Document, Store


class MongoDeadLetters:
    """`DeadLetters` on the `jobs` collection. Every read is a range of one index."""

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, JOBS)

    async def newest(self, query: DeadLetterQuery) -> list[Job]:
        conditions: Document = {"dead_place": _places(query)}
        if query.workflow_id is not None:
            # A one-value `$in` keeps the embedded store on the range; an equality would take it to all the
            # workflow's jobs.
            conditions["workflow_id"] = {"$in": [query.workflow_id]}
        if query.error_type is not None:
            conditions["error_type"] = query.error_type
        return await self._read(conditions, -1, query.limit)

    async def count(self, tenant_id: str) -> int:
        return await self._documents.count({"dead_place": everything_in(tenant_prefix(tenant_id))})

    async def oldest(self, tenant_id: str, *, ended_until_ms: int | None = None, limit: int) -> list[Job]:
        places = everything_in(tenant_prefix(tenant_id))
        if ended_until_ms is not None:
            places["$lt"] = tenant_prefix(tenant_id) + moment(ended_until_ms + 1)
        return await self._read({"dead_place": places}, 1, limit)

    async def _read(self, conditions: Document, direction: int, limit: int) -> list[Job]:
        found = await self._documents.find(
            conditions, sort=[("dead_place", direction)], limit=limit, fields=LISTED_FIELDS
        )
        return [from_document(document) for document in found]


def _places(query: DeadLetterQuery) -> Document:
    places = everything_in(tenant_prefix(query.tenant_id))
    return places if query.before is None else {**places, "$lt": query.before}
