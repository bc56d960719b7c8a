"""Lists jobs, newest first."""

from services.metrics.ports import JobHistory
from shared.jobs import Job
from shared.jobs.history import JobQuery


class ListJobs:
    """The execution history."""

    def __init__(self, jobs: JobHistory) -> None:
        self._jobs = jobs

    async def __call__(self, *, query: JobQuery) -> list[Job]:
        """The jobs asked for, without their variables and results. Raises `Unavailable`."""
        return await self._jobs.newest(query)
