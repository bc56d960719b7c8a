"""A user has an ended job tried again."""

from services.dispatcher.domain.dead_letters import Removal
from services.dispatcher.domain.resubmission import require_retryable, resubmission
from services.dispatcher.ports import Jobs, Submitter
from services.dispatcher.use_cases.find_job import find_job
from services.dispatcher.use_cases.settle_dead_letter import settle_dead_letter
from shared.jobs import Job
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


class RetryJob:
    """Makes a new job of an ended one; if that was a dead letter, it is dealt with and leaves.

    In this order: a process that dies in between leaves both the new job and the dead letter, never neither.
    """

    def __init__(self, jobs: Jobs, submitter: Submitter, clock: Clock) -> None:
        self._jobs = jobs
        self._submitter = submitter
        self._clock = clock

    async def __call__(self, *, caller: Identity, job_id: str, new_job_id: str) -> Job:
        """The new job; under the same `new_job_id` it is made once. Raises `JobNotFound`, `JobNotRetryable`,
        `Unavailable`."""
        job = await find_job(self._jobs, caller, job_id)
        require_retryable(job)
        return await self.again(job, new_job_id=new_job_id, requested_by=caller.subject)

    async def again(self, job: Job, *, new_job_id: str, requested_by: str) -> Job:
        """The new job for `job`, which must be retryable."""
        now_ms = self._clock.now_ms()
        new_job = await self._submitter.submit(
            resubmission(job, new_job_id=new_job_id, requested_by=requested_by, now_ms=now_ms)
        )
        await settle_dead_letter(
            self._jobs, job, how=Removal.RETRIED, removed_by=requested_by, new_job_id=new_job.job_id
        )
        return new_job
