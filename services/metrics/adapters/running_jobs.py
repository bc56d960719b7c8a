"""The jobs that run, read only; the dispatcher owns them."""

from collections.abc import Sequence
from typing import Final

from shared.jobs import JOBS, Job, JobStatus
from shared.jobs.history import LISTED_FIELDS
from shared.jobs.job import from_document
from shared.storage import Collection, Store

MOST: Final = 1_000
"""Running jobs whose progress is told; a tenant with more has somebody else to look at them."""


class MongoRunningJobs:
    """`RunningJobs`, by the index on `status`: there are never many more running jobs than robots."""

    def __init__(self, store: Store) -> None:
        self._jobs = Collection(store, JOBS)

    async def of_tenant(self, tenant_id: str) -> Sequence[Job]:
        query = {"status": JobStatus.RUNNING.value, "tenant_id": tenant_id}
        found = await self._jobs.find(query, limit=MOST, fields=LISTED_FIELDS)
        return [from_document(document) for document in found]
