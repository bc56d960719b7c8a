"""Shows one job's execution."""

from services.metrics.domain.history import JobNotFound
from services.metrics.ports import JobHistory
from shared.jobs import Job


class ShowJob:
    """One job of the caller's tenant."""

    def __init__(self, jobs: JobHistory) -> None:
        self._jobs = jobs

    async def __call__(self, *, tenant_id: str, job_id: str) -> Job:
        """The job. Raises `JobNotFound`, `Unavailable`."""
        job = await self._jobs.get(tenant_id, job_id)
        if job is None:
            raise JobNotFound("There is no such job.")
        return job
