"""A user stops a job."""

from dataclasses import dataclass

from services.dispatcher.domain import lifecycle
from services.dispatcher.domain.transitions import TransitionRefused
from services.dispatcher.ports import Jobs, Robots
from services.dispatcher.use_cases.change_job import change_job, free_slot_of
from services.dispatcher.use_cases.find_job import find_job
from shared.jobs import JobStatus
from shared.kernel.clock import Clock
from shared.kernel.identity import Identity


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What the attempt to cancel found and did."""

    cancelled: bool
    previous_status: JobStatus


class CancelJob:
    """Cancels a job that is not finished; final at once (clarifications 13)."""

    def __init__(self, jobs: Jobs, robots: Robots, clock: Clock) -> None:
        self._jobs = jobs
        self._robots = robots
        self._clock = clock

    async def __call__(self, *, caller: Identity, job_id: str) -> Cancellation:
        """Cancel the job, or say in which final state it already was. Its robot learns of it at its next heartbeat
        or lease call. Raises `JobNotFound`, `Unavailable`."""
        job = await find_job(self._jobs, caller, job_id)
        now_ms = self._clock.now_ms()
        try:
            before, _ = await change_job(
                self._jobs, job, lambda now: lifecycle.cancel(now, cancelled_by=caller.subject, now_ms=now_ms)
            )
        except TransitionRefused:
            ended = await find_job(self._jobs, caller, job_id)
            return Cancellation(cancelled=False, previous_status=ended.status)
        await free_slot_of(self._robots, before, cancelled_ms=now_ms)
        return Cancellation(cancelled=True, previous_status=before.status)
