"""Takes a job back that was pushed to a robot and not accepted."""

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.errors import JobNotFound
from services.dispatcher.domain.reports import NotHeld, Reporter
from services.dispatcher.domain.transitions import Change
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.change_job import change_job, free_slot_of
from shared.jobs import Job


class WithdrawJob:
    """Returns the job to the queue without counting the attempt, unless the robot has accepted it meanwhile, or was
    offered it anew on another connection.

    Should the process die before, the offer's lease ends by itself, to the same effect.
    """

    def __init__(self, jobs: Jobs, robots: Robots) -> None:
        self._jobs = jobs
        self._robots = robots

    async def __call__(self, *, job_id: str, holder: Reporter, offered_until_ms: int | None, reason: str) -> bool:
        """Whether the job was taken back. `offered_until_ms`: when the offer ends that this is about.

        Raises `LostRace`, `Unavailable`.
        """
        job = await self._jobs.get(job_id)
        if job is None:
            return False
        try:
            before, _ = await change_job(self._jobs, job, lambda now: _withdrawn(now, holder, offered_until_ms, reason))
        except (NotHeld, JobNotFound):
            return False
        await free_slot_of(self._robots, before)
        return True


def _withdrawn(job: Job, holder: Reporter, offered_until_ms: int | None, reason: str) -> Change:
    holder.require_holds(job)
    if not job.is_offered or job.lease_expires_ms != offered_until_ms:
        raise NotHeld(f"Job {job.job_id} was accepted, or offered anew.")
    return lifecycle.withdraw(job, reason=reason)
