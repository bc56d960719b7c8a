"""A user looks at a job."""

from services.dispatcher.ports import Jobs
from services.dispatcher.use_cases.find_job import find_job
from shared.jobs import Job
from shared.kernel.identity import Identity


class GetJob:
    """Reads a job."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def __call__(self, *, caller: Identity, job_id: str) -> Job:
        """The job. Raises `JobNotFound`, `Unavailable`."""
        return await find_job(self._jobs, caller, job_id)
