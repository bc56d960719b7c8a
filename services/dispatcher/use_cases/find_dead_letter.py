"""Finding the dead letter a request is about, within the caller's tenant."""

from services.dispatcher.domain.dead_letters import DeadLetterNotFound
from services.dispatcher.ports import Jobs
from shared.jobs import Job
from shared.kernel.identity import Identity


async def find_ended_job(jobs: Jobs, caller: Identity, job_id: str) -> Job:
    """The job that is or was the dead letter `job_id`. Raises `DeadLetterNotFound`."""
    job = await jobs.get(job_id)
    if job is None or job.tenant_id != caller.tenant_id or job.dead_reason is None:
        raise no_dead_letter(job_id)
    return job


def no_dead_letter(job_id: str) -> DeadLetterNotFound:
    """The error of an id that is no dead letter, or none any more."""
    return DeadLetterNotFound(f"There is no dead letter {job_id}.")
