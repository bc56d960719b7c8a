"""Whether jobs have finished, read from the collection that the dispatcher owns."""

import asyncio
from collections.abc import Sequence

from shared.jobs import TERMINAL
from shared.storage import Collection


class MongoJobReader:
    """`JobStates`; reads only."""

    def __init__(self, jobs: Collection) -> None:
        self._jobs = jobs

    async def any_unfinished(self, tenant_id: str, job_ids: Sequence[str]) -> bool:
        found = await asyncio.gather(*map(self._jobs.get, job_ids))
        return any(job is not None and job["tenant_id"] == tenant_id and job["status"] not in TERMINAL for job in found)
