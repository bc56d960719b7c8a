"""A job as it is stored."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from shared.storage import Document

MAX_ATTEMPTS_DEFAULT: Final = 3
TIMEOUT_SECONDS_DEFAULT: Final = 3_600


class JobStatus(StrEnum):
    """The states of clarifications 11, each with who moves a job out of it."""

    PENDING = "pending"
    """Waiting in the queue; a robot's claim or the job's deadline moves it on, a user may cancel it."""
    CLAIMED = "claimed"
    """Given to a robot that has not reported progress yet; the robot, its lease's end, or a user moves it on."""
    RUNNING = "running"
    """The robot reports progress; the robot, its lease's end, the job's timeout, or a user moves it on."""
    COMPLETED = "completed"
    """Finished by its robot. Terminal."""
    FAILED = "failed"
    """Out of attempts, or failed beyond retrying. Terminal."""
    CANCELLED = "cancelled"
    """Stopped by a user. Terminal."""
    TIMEOUT = "timeout"
    """Ran longer than its limit, or missed its deadline. Terminal."""


TERMINAL: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.TIMEOUT})
LEASED: Final = frozenset({JobStatus.CLAIMED, JobStatus.RUNNING})


class ExecutionMode(StrEnum):
    """Where a workflow may run; a robot's environment may be named like one (clarifications 14)."""

    LAN = "lan"
    INTERNET = "internet"


class Requirements(msgspec.Struct, frozen=True):
    """What a robot must be or have to take a job. Lists are sorted and without repeats."""

    environment: str = "default"
    execution_mode: str = ExecutionMode.LAN
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    robot_id: str | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a workflow version. Times in epoch milliseconds; what users sent is kept as JSON text."""

    job_id: str = msgspec.field(name="_id")
    tenant_id: str
    version: int
    """Counts the changes of this document; guards every one of them."""
    status: JobStatus
    workflow_id: str
    workflow_name: str
    workflow_version: int
    definition_id: str
    priority: int
    requirements: Requirements
    place: str
    """Place in the history's order (`position.py`)."""
    variables_json: str = "{}"
    trigger: str = "manual"
    retry_of: str | None = None
    """The job that this one tries again."""
    created_ms: int
    created_by: str = ""
    updated_ms: int
    run_at_ms: int
    """Not claimable before this moment: submission, `run_at`, or the end of a retry's backoff."""
    queue_position: str | None = None
    """Place in the queue's order while claimable (`position.py`), else None."""
    waiting_until_ms: int | None = None
    """`run_at_ms` while the job waits for it, else None: the promotion timer's index."""
    attempt: int = 0
    """Numbers the claims, so that a report of an older one can be told apart."""
    n_released: int = 0
    """How many of them were released and do not count."""
    max_attempts: int = MAX_ATTEMPTS_DEFAULT
    timeout_seconds: int = TIMEOUT_SECONDS_DEFAULT
    robot_id: str | None = None
    """The robot that holds the job, or held it last."""
    lease_token: str | None = None
    lease_seconds: int = 0
    """How long each renewal by heartbeat or progress keeps the lease."""
    lease_expires_ms: int | None = None
    """When the lease ends; None while nobody holds the job."""
    is_offered: bool = False
    """Pushed to a robot that has not accepted it yet; when the lease ends so, the attempt does not count."""
    must_end_ms: int | None = None
    """When the job as a whole must have ended, waiting and retries included; None for no such limit."""
    deadline_ms: int | None = None
    """When the job times out as it stands: held, by `timeout_seconds` or `must_end_ms`; pending, by `must_end_ms`."""
    claimed_ms: int | None = None
    started_ms: int | None = None
    finished_ms: int | None = None
    progress: int = 0
    current_node: str | None = None
    progress_message: str | None = None
    result_json: str | None = None
    """What the robot handed back, or told of the attempt that failed last; None again once another has begun."""
    healing_attempts: int = 0
    """How often earlier attempts, of which `result_json` tells nothing any more, tried to mend a broken step."""
    healing_successes: int = 0
    error_message: str | None = None
    error_type: str | None = None
    failed_node: str | None = None
    dead_place: str | None = None
    """Place among the tenant's dead letters by the moment it ended (`position.py`), while it is one."""
    dead_reason: str | None = None
    """Why it became a dead letter; stays when it is none any more."""
    traceparent: str = ""
    """The W3C trace that submitted the job; all its events carry it."""
    touched: str = ""
    """Random mark of the last telemetry write, by which that write recognises itself."""
    last_report: str | None = None
    """Who ended the last attempt and how (`report_key`): a repeat of that report gets the first answer."""

    @property
    def is_terminal(self) -> bool:
        """Whether the state can never change again."""
        return self.status in TERMINAL

    @property
    def is_leased(self) -> bool:
        """Whether a robot holds the job now."""
        return self.status in LEASED

    @property
    def attempts_used(self) -> int:
        """Attempts that count against `max_attempts`."""
        return self.attempt - self.n_released

    @property
    def duration_ms(self) -> int | None:
        """From the last claim to the end; None while not finished or when never claimed."""
        if self.finished_ms is None or self.claimed_ms is None:
            return None
        return self.finished_ms - self.claimed_ms


def from_document(document: Document) -> Job:
    """The job in a stored document."""
    return msgspec.convert(document, Job, strict=False)


def to_document(job: Job) -> Document:
    """The document that stores `job`, without its outbox."""
    document: Any = msgspec.to_builtins(job)
    return dict(document)
