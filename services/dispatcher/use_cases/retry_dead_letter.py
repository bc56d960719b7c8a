"""A user has a dead letter tried again."""

from services.dispatcher.domain.dead_letters import retry_id_of
from services.dispatcher.ports import Jobs
from services.dispatcher.use_cases.find_dead_letter import find_ended_job, no_dead_letter
from services.dispatcher.use_cases.retry_job import RetryJob
from shared.jobs import Job
from shared.kernel.identity import Identity


class RetryDeadLetter:
    """Makes exactly one new job of a dead letter: its id follows from the entry, however often it is asked for.

    Whoever asks second, at once or later, gets the job the first one made.
    """

    def __init__(self, jobs: Jobs, retry: RetryJob) -> None:
        self._jobs = jobs
        self._retry = retry

    async def __call__(self, *, caller: Identity, job_id: str) -> Job:
        """The new job. Raises `DeadLetterNotFound`, `Unavailable`."""
        job = await find_ended_job(self._jobs, caller, job_id)
        if job.dead_place is not None:
            return await self._retry.again(job, new_job_id=retry_id_of(job), requested_by=caller.subject)
        made_before = await self._jobs.get(retry_id_of(job))
        if made_before is None:
            raise no_dead_letter(job_id)
        return made_before
