"""Jobs that have ended, read only; the dispatcher owns them."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Collection as Some
from typing import Final

import msgspec

from services.metrics.adapters.by_moment import walk
from services.metrics.domain.facts import JobFact, fact_of_job
from shared.jobs import JOBS, Job
from shared.jobs.job import from_document
from shared.storage import Collection, Store

_FIELDS: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(Job) if field.encode_name != "variables_json"
)


class MongoFinishedJobs:
    """`FinishedJobs`."""

    def __init__(self, store: Store) -> None:
        self._documents = Collection(store, JOBS)

    async def first_ms(self) -> int | None:
        found = await self._documents.find(
            {"finished_ms": {"$gt": 0}}, sort=[("finished_ms", 1)], limit=1, fields=("finished_ms",)
        )
        return found[0]["finished_ms"] if found else None

    async def between(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        async for documents in walk(self._documents, "finished_ms", from_ms, to_ms, fields=_FIELDS):
            jobs = [from_document(document) for document in documents]
            yield [fact_of_job(job, job.finished_ms) for job in jobs if job.is_terminal and job.finished_ms is not None]

    async def existing(self, job_ids: Some[str]) -> set[str]:
        found = await self._documents.find({"_id": {"$in": list(job_ids)}}, fields=("_id",))
        return {document["_id"] for document in found}
