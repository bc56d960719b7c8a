"""A robot or a user adds to a job's log."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.dispatcher.domain.errors import LostRace
from services.dispatcher.domain.logs import LogBatch, LogEntry, LogSource, next_batch
from services.dispatcher.domain.reports import NotHeld
from services.dispatcher.ports import JobLogs, Jobs
from services.dispatcher.use_cases.find_job import find_job, require_may_act_for
from shared.jobs import Job
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden
from shared.kernel.identity import Identity

ATTEMPTS: Final = 20
"""One of those who append at once wins each round; a job has one robot, so there are few."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the entries."""

    n_accepted: int
    n_dropped: int
    """Those the log had no room for."""


class AddJobLogs:
    """Appends entries to a job's log, up to the cap; the job itself is only read.

    The batch's place is the guard: of two that append after the same head one is refused and looks again. A repeat
    (same `batch_id`) is looked for after the head was read. A batch of the same call that is not found then can only
    come after that head, where it takes the place that this one wants. So a repeat is never stored twice, also when
    it arrives on another replica while the first call is under way.
    """

    def __init__(self, jobs: Jobs, logs: JobLogs, clock: Clock, max_bytes: int) -> None:
        self._jobs = jobs
        self._logs = logs
        self._clock = clock
        self._max_bytes = max_bytes

    async def __call__(
        self,
        *,
        caller: Identity,
        job_id: str,
        entries: Sequence[LogEntry],
        robot_id: str | None = None,
        attempt: int | None = None,
        batch_id: str | None = None,
    ) -> Added:
        """Append `entries`; a repeat of a batch gets the first outcome.

        `robot_id` is for an enrolment key, `attempt` for entries of an earlier attempt of the same robot. Raises
        `JobNotFound`, `NotHeld`, `ForeignRobot`, `Forbidden`, `LostRace`, `Unavailable`.
        """
        job = await find_job(self._jobs, caller, job_id)
        source = LogSource(
            tenant_id=job.tenant_id,
            job_id=job_id,
            robot_id=_writer(caller, job, robot_id),
            attempt=min(attempt or job.attempt, job.attempt),
            batch_key=None if batch_id is None else batch_key_of(job_id, batch_id),
        )
        for _ in range(ATTEMPTS):
            outcome = await self._append(source, entries)
            if outcome is not None:
                return outcome
        raise LostRace(f"Too many write to the log of job {job_id} at once; try again.")

    async def _append(self, source: LogSource, entries: Sequence[LogEntry]) -> Added | None:
        """What became of the entries; None when somebody else appended meanwhile."""
        head = await self._logs.head(source.job_id)
        repeated = None if source.batch_key is None else await self._logs.repeated(source.batch_key)
        if repeated is not None:
            return _added(repeated, entries)
        if head is not None and head.is_last:
            await self._logs.count_dropped(head, len(entries))
            return Added(0, len(entries))
        batch = next_batch(head, source, entries, max_bytes=self._max_bytes, now_ms=self._clock.now_ms())
        return _added(batch, entries) if await self._logs.append(batch) else None


def batch_key_of(job_id: str, batch_id: str) -> str:
    """What recognises the batch that its caller named `batch_id`, among those of the same job."""
    return f"{job_id}|{hashlib.sha256(batch_id.encode()).hexdigest()[:32]}"


def _added(batch: LogBatch, entries: Sequence[LogEntry]) -> Added:
    return Added(batch.n_accepted, len(entries) - batch.n_accepted)


def _writer(caller: Identity, job: Job, robot_id: str | None) -> str | None:
    """The robot that writes, None for a user; it must hold the job or have held it last."""
    if caller.kind != "robot":
        return None
    robot_id = robot_id or caller.robot_id
    if robot_id is None:
        raise Forbidden("An enrolment key must name the robot_id it writes for.")
    require_may_act_for(caller, robot_id)
    if job.robot_id != robot_id:
        raise NotHeld(f"Job {job.job_id} is not held by robot {robot_id}, nor was it last.")
    return robot_id
