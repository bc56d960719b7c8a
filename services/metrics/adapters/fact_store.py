"""Job facts on MongoDB. `rolled_ms` is state and age in one index: 0 until the rollups have the fact."""

from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Collection as Some
from typing import Any, Final

import msgspec

from services.metrics.adapters.by_moment import walk
from services.metrics.adapters.removal import remove_matching
from services.metrics.domain.facts import JobFact
from shared.storage import Collection, Index, Store, translate_errors

JOB_FACTS: Final = "job_facts"

JOB_FACT_INDEXES: Final = (
    Index("rolled_ms", (("rolled_ms", 1),)),  # facts to roll up (0), and retention
    Index("finished_ms", (("finished_ms", 1),)),  # the facts of a day, for a rebuild
)


class MongoFacts:
    """`FactStore`; the job's id is the document's, so that a job has one fact however often its event comes."""

    def __init__(self, store: Store, *, linger_seconds: float = 0) -> None:
        self._documents = Collection(store, JOB_FACTS, insert_linger_seconds=linger_seconds)
        self._driver = store.collection(JOB_FACTS)

    async def add(self, fact: JobFact) -> bool:
        document: Any = msgspec.to_builtins(fact)
        return await self._documents.insert(dict(document))

    async def pending(self, limit: int) -> list[JobFact]:
        found = await self._documents.find({"rolled_ms": 0}, limit=limit)
        return [msgspec.convert(document, JobFact, strict=False) for document in found]

    async def still_pending(self, job_ids: Some[str]) -> set[str]:
        found = await self._documents.find({"_id": {"$in": list(job_ids)}}, fields=("rolled_ms",))
        return {document["_id"] for document in found if document["rolled_ms"] == 0}

    async def rolled(self, job_ids: Some[str]) -> Mapping[str, bool]:
        found = await self._documents.find({"_id": {"$in": list(job_ids)}}, fields=("rolled_ms",))
        return {document["_id"]: document["rolled_ms"] > 0 for document in found}

    async def between(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        async for documents in walk(self._documents, "finished_ms", from_ms, to_ms):
            yield [msgspec.convert(document, JobFact, strict=False) for document in documents]

    async def mark_rolled(self, job_ids: Sequence[str], at_ms: int) -> None:
        with translate_errors():
            await self._driver.update_many({"_id": {"$in": list(job_ids)}}, {"$set": {"rolled_ms": at_ms}})

    async def remove_rolled_before(self, at_ms: int) -> int:
        return await remove_matching(self._documents, {"rolled_ms": {"$gt": 0, "$lt": at_ms}})
