"""Taking a job out of the dead letters, whoever deals with it."""

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.dead_letters import Removal
from services.dispatcher.domain.transitions import Change
from services.dispatcher.ports import Jobs
from services.dispatcher.use_cases.change_job import change_job
from shared.jobs import Job


async def settle_dead_letter(
    jobs: Jobs, job: Job, *, how: Removal, removed_by: str, new_job_id: str | None = None
) -> bool:
    """Remove the dead letter and announce it; False when `job` is none, or somebody else was first.

    Raises `LostRace`, `Unavailable`.
    """

    def decide(now: Job) -> Change:
        if now.dead_place is None:
            raise SettledBefore
        return lifecycle.remove_dead_letter(now, how=how, removed_by=removed_by, new_job_id=new_job_id)

    try:
        await change_job(jobs, job, decide)
    except SettledBefore:
        return False
    return True


class SettledBefore(Exception):
    """The job is no dead letter now."""
