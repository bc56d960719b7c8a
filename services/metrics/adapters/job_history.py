"""Jobs, read only; the dispatcher owns them."""

from typing import Final

import msgspec

from services.metrics.ports import JobQuery
from shared.jobs import JOBS, Job
from shared.jobs.job import from_document
from shared.storage import Collection, Document, Store

FEW: Final = 1_000
"""Up to this many matches, reading all of them and sorting is quicker than walking through history."""

_LARGE_FIELDS: Final = frozenset({"variables_json", "result_json"})
_LISTED_FIELDS: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(Job) if field.encode_name not in _LARGE_FIELDS
)


class MongoJobHistory:
    """`JobHistory`."""

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, JOBS)

    async def newest(self, query: JobQuery) -> list[Job]:
        conditions = await self._conditions(_filters_of(query))
        found = await self._documents.find(
            {"tenant_id": query.tenant_id, **conditions},
            sort=[("created_ms", -1)],
            limit=query.limit,
            fields=_LISTED_FIELDS,
        )
        return [from_document(document) for document in found]

    async def get(self, tenant_id: str, job_id: str) -> Job | None:
        document = await self._documents.get(job_id)
        if document is None or document["tenant_id"] != tenant_id:
            return None
        return from_document(document)

    async def _conditions(self, filters: dict[str, str]) -> Document:
        """The filters, written so that the embedded store picks the better index.

        It takes an equality's index whenever there is one and then sorts all matches: right for few, seconds for a
        million. A one-value `$in` it leaves to the walk by age, which stops at the limit: right for many. MongoDB
        treats both alike and decides by itself.
        """
        counts = {name: await self._documents.count({name: value}) for name, value in filters.items()}
        rarest = min(counts, key=counts.__getitem__, default=None)
        conditions: Document = {name: {"$in": [value]} for name, value in filters.items()}
        if rarest is not None and counts[rarest] <= FEW:
            conditions[rarest] = filters[rarest]
        return conditions


def _filters_of(query: JobQuery) -> dict[str, str]:
    asked = {
        "status": None if query.status is None else query.status.value,
        "workflow_id": query.workflow_id,
        "robot_id": query.robot_id,
    }
    return {name: value for name, value in asked.items() if value is not None}
