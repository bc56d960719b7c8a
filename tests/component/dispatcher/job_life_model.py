"""What a job's life must look like: a second, simpler statement of the rules, to be compared with the dispatcher."""

from dataclasses import dataclass, field
from typing import Final

from services.dispatcher.domain.dead_letters import DeadReason
from shared.jobs import TERMINAL, JobStatus
from tests.component.dispatcher.job_life import BACKOFF, JITTER, LEASE_SECONDS

LEASED: Final = (JobStatus.CLAIMED, JobStatus.RUNNING)


@dataclass(frozen=True)
class Facts:
    """What must be stored of a job."""

    status: JobStatus
    owner: str | None
    attempts: int
    released: int
    is_queued: bool
    waiting_until_ms: int | None
    lease_expires_ms: int | None
    deadline_ms: int | None
    dead: DeadReason | None
    last_report: tuple[str, str, JobStatus] | None


@dataclass
class ModelJob:
    """One job. Times in epoch milliseconds."""

    job_id: str
    created_ms: int
    priority: int
    max_attempts: int
    timeout_seconds: int
    must_end_ms: int | None
    waiting_until_ms: int | None
    status: JobStatus = JobStatus.PENDING
    owner: str | None = None
    attempts: int = 0
    released: int = 0
    lease_seconds: int = LEASE_SECONDS
    lease_expires_ms: int = 0
    deadline_ms: int | None = None
    dead: DeadReason | None = None
    last_report: tuple[str, str, JobStatus] | None = None
    """Robot, verb and outcome of the report that ended the last attempt."""

    def __post_init__(self) -> None:
        self.deadline_ms = self.must_end_ms

    @property
    def facts(self) -> Facts:
        return Facts(
            status=self.status,
            owner=self.owner,
            attempts=self.attempts,
            released=self.released,
            is_queued=self.status is JobStatus.PENDING and self.waiting_until_ms is None,
            waiting_until_ms=self.waiting_until_ms,
            lease_expires_ms=self.lease_expires_ms if self.owner is not None else None,
            deadline_ms=self.deadline_ms,
            dead=self.dead,
            last_report=self.last_report,
        )

    @property
    def rank(self) -> tuple[int, int, str]:
        return (self.priority, self.created_ms, self.job_id)

    @property
    def attempts_used(self) -> int:
        return self.attempts - self.released

    def is_claimable(self, now_ms: int) -> bool:
        is_queued = self.status is JobStatus.PENDING and self.waiting_until_ms is None
        return is_queued and (self.must_end_ms is None or now_ms < self.must_end_ms)

    def claim(self, robot_id: str, now_ms: int) -> None:
        self.status, self.owner, self.attempts = JobStatus.CLAIMED, robot_id, self.attempts + 1
        self.lease_seconds, self.lease_expires_ms = LEASE_SECONDS, now_ms + LEASE_SECONDS * 1000
        self.deadline_ms = min(now_ms + self.timeout_seconds * 1000, self.must_end_ms or 2**60)

    def renew(self, now_ms: int) -> None:
        self.lease_expires_ms = now_ms + self.lease_seconds * 1000

    def requeue(self, waiting_until_ms: int | None = None) -> None:
        self.status, self.owner = JobStatus.PENDING, None
        self.waiting_until_ms, self.deadline_ms = waiting_until_ms, self.must_end_ms

    def end(self, status: JobStatus, dead: DeadReason | None = None) -> None:
        self.status, self.owner, self.waiting_until_ms, self.deadline_ms, self.dead = status, None, None, None, dead

    def fail(self, robot_id: str, *, retryable: bool, now_ms: int) -> None:
        run_at_ms = now_ms + BACKOFF.delay_ms(self.attempts_used, JITTER)
        if not retryable:
            self.end(JobStatus.FAILED, DeadReason.NOT_RETRYABLE)
        elif self.attempts_used >= self.max_attempts:
            self.end(JobStatus.FAILED, DeadReason.ATTEMPTS_EXHAUSTED)
        elif self.must_end_ms is not None and run_at_ms >= self.must_end_ms:
            self.end(JobStatus.FAILED, DeadReason.DEADLINE)
        else:
            self.requeue(run_at_ms)
        self.last_report = (robot_id, "fail", self.status)

    def stop(self, status: JobStatus, dead: DeadReason | None = None) -> None:
        """The server ends it; a robot that runs it is told so."""
        if self.owner is not None:
            self.last_report = (self.owner, "stopped", status)
        self.end(status, dead)

    def reap(self, now_ms: int) -> None:
        """What the timers do to it now."""
        if self.deadline_ms is not None and self.deadline_ms < now_ms:
            too_late = self.must_end_ms is not None and now_ms >= self.must_end_ms
            self.stop(JobStatus.TIMEOUT, DeadReason.DEADLINE if too_late else DeadReason.TIMEOUT)
        elif self.status in LEASED and self.lease_expires_ms < now_ms:
            self.last_report = None
            if self.attempts_used < self.max_attempts:
                self.requeue()
            else:
                self.end(JobStatus.FAILED, DeadReason.ATTEMPTS_EXHAUSTED)
        elif self.waiting_until_ms is not None and self.waiting_until_ms <= now_ms:
            self.waiting_until_ms = None


@dataclass
class Model:
    """All jobs and robots' slots."""

    slots: dict[str, int]
    jobs: dict[str, ModelJob] = field(default_factory=dict)

    def held_by(self, robot_id: str) -> set[str]:
        return {job.job_id for job in self.jobs.values() if job.owner == robot_id}

    def next_for(self, robot_id: str, limit: int, now_ms: int) -> list[str]:
        """The jobs a claim must give, in order."""
        n_free = self.slots[robot_id] - len(self.held_by(robot_id))
        claimable = sorted((job for job in self.jobs.values() if job.is_claimable(now_ms)), key=lambda job: job.rank)
        return [job.job_id for job in claimable[: min(limit, n_free)]]

    def again(self, job: ModelJob, new_job_id: str, now_ms: int) -> None:
        """`job` was retried as a new one."""
        must_end_ms = None if job.must_end_ms is None else now_ms + job.must_end_ms - job.created_ms
        self.jobs[new_job_id] = ModelJob(
            new_job_id, now_ms, job.priority, job.max_attempts, job.timeout_seconds, must_end_ms, None
        )
        job.dead = None

    @property
    def ended(self) -> set[str]:
        return {job.job_id for job in self.jobs.values() if job.status in TERMINAL}
