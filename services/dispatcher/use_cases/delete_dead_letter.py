"""A user is done with a dead letter."""

from services.dispatcher.domain.dead_letters import Removal
from services.dispatcher.ports import Jobs
from services.dispatcher.use_cases.find_dead_letter import find_ended_job, no_dead_letter
from services.dispatcher.use_cases.settle_dead_letter import settle_dead_letter
from shared.kernel.identity import Identity


class DeleteDeadLetter:
    """Removes one dead letter; its job stays in the history."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def __call__(self, *, caller: Identity, job_id: str) -> None:
        """Of several who delete, retry or purge it at once, the others are told that it is gone.

        Raises `DeadLetterNotFound`, `Unavailable`.
        """
        job = await find_ended_job(self._jobs, caller, job_id)
        if not await settle_dead_letter(self._jobs, job, how=Removal.DELETED, removed_by=caller.subject):
            raise no_dead_letter(job_id)
