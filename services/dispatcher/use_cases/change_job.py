"""Deciding on a job and storing the decision, again when the job changed in between."""

from collections.abc import Callable
from typing import Final

from services.dispatcher.domain.errors import JobNotFound, LostRace
from services.dispatcher.domain.transitions import Change
from services.dispatcher.ports import Jobs, Robots
from shared.jobs import Job

ATTEMPTS: Final = 5

Decide = Callable[[Job], Change]
"""From the job as it is now to what happens to it; raises when nothing may."""


async def change_job(jobs: Jobs, job: Job, decide: Decide) -> tuple[Job, Job]:
    """Apply `decide` to the job as it stands; returns the job before and after.

    Whoever changes the job first wins; the loser decides anew on what the winner left. Raises what `decide` raises,
    `JobNotFound` when the job is gone, `LostRace` when it keeps changing.
    """
    for _ in range(ATTEMPTS):
        after = await jobs.apply(job, decide(job))
        if after is not None:
            return job, after
        fresh = await jobs.get(job.job_id)
        if fresh is None:
            raise JobNotFound(f"There is no job {job.job_id}.")
        job = fresh
    raise LostRace(f"Job {job.job_id} keeps changing; try again.")


async def free_slot_of(robots: Robots, job: Job, *, cancelled_ms: int | None = None) -> None:
    """Free the slot that `job`, as it was held, takes on its robot."""
    if job.robot_id is not None and job.lease_token is not None:
        await robots.free_slot(job.tenant_id, job.robot_id, job.job_id, job.lease_token, cancelled_ms=cancelled_ms)
