"""The history of jobs: a tenant's jobs, newest first, as every service that lists them reads it."""

from dataclasses import dataclass
from typing import Final

import msgspec

from shared.jobs.job import Job, JobStatus, from_document
from shared.jobs.position import everything_in, tenant_prefix
from shared.jobs.store import JOBS
from shared.storage import Collection, Document, Store

FEW: Final = 1_000
"""Up to this many matches, reading all of them and sorting is quicker than walking through history."""

_LARGE_FIELDS: Final = frozenset({"variables_json", "result_json"})
LISTED_FIELDS: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(Job) if field.encode_name not in _LARGE_FIELDS
)


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which of a tenant's jobs."""

    tenant_id: str
    limit: int
    status: JobStatus | None = None
    workflow_id: str | None = None
    robot_id: str | None = None
    environment: str | None = None
    before: str | None = None
    """Only jobs behind this `place`: the last one of the page before."""


class JobHistory:
    """Reads the `jobs` collection, which the dispatcher owns. Every method raises `Unavailable`."""

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, JOBS)

    async def newest(self, query: JobQuery) -> list[Job]:
        """Matching jobs, newest first, without their variables and results.

        A page is a range of `place`: a tenant with few jobs never walks through those of others, and a job submitted
        between two pages shifts nothing.
        """
        conditions = await self._conditions(_indexed_filters_of(query))
        if query.environment is not None:
            conditions["requirements.environment"] = query.environment
        found = await self._documents.find(
            {"place": _places(query), **conditions}, sort=[("place", -1)], limit=query.limit, fields=LISTED_FIELDS
        )
        return [from_document(document) for document in found]

    async def get(self, tenant_id: str, job_id: str) -> Job | None:
        """The whole job, or None when the tenant has no such job."""
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


def _places(query: JobQuery) -> Document:
    places = everything_in(tenant_prefix(query.tenant_id))
    return places if query.before is None else {**places, "$lt": query.before}


def _indexed_filters_of(query: JobQuery) -> dict[str, str]:
    asked = {
        "status": None if query.status is None else query.status.value,
        "workflow_id": query.workflow_id,
        "robot_id": query.robot_id,
    }
    return {name: value for name, value in asked.items() if value is not None}
