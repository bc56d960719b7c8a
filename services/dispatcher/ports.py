"""What the dispatcher's use cases need from outside."""

from dataclasses import dataclass
from typing import Any, Protocol

from services.dispatcher.domain.log_search import LogOrder
from services.dispatcher.domain.logs import LogBatch
from services.dispatcher.domain.robot import Robot
from services.dispatcher.domain.transitions import Change
from shared.events import EventData
from shared.jobs import Job, NewJob, Requirements
from shared.jobs.history import JobQuery
from shared.jobs.position import QueueKey


class Jobs(Protocol):
    """The jobs, each changed by compare-and-set only."""

    async def get(self, job_id: str) -> Job | None:
        """The job, whatever its tenant."""
        ...

    def remembered(self, job_id: str) -> Job | None:
        """The held job as this replica last stored it, if it did: maybe out of date, which `apply` then finds out."""
        ...

    async def apply(self, job: Job, change: Change) -> Job | None:
        """Store `change` and its event in one write, if the job still is as `job` says; the job after it, else None."""
        ...

    async def with_expired_lease(self, now_ms: int, limit: int) -> list[Job]:
        """Held jobs whose lease has ended."""
        ...

    async def past_deadline(self, now_ms: int, limit: int) -> list[Job]:
        """Held jobs that run longer than they may."""
        ...

    async def due(self, now_ms: int, limit: int) -> list[Job]:
        """Waiting jobs whose time has come."""
        ...

    async def pending_of(self, tenant_id: str, workflow_id: str, limit: int) -> list[Job]:
        """Jobs of a workflow that no robot has."""
        ...

    async def claimable_after(self, position: str, limit: int) -> list[tuple[str, Requirements]]:
        """Claimable jobs in the queue's order behind `position`, with their requirements."""
        ...

    async def claimable_in(self, key: QueueKey, limit: int) -> list[tuple[str, Requirements]]:
        """The head of one queue."""
        ...

    async def count_before(self, position: str, limit: int) -> int:
        """How many claimable jobs stand before `position` in its own queue; at most `limit`."""
        ...

    async def remove_finished(self, before_ms: int, limit: int) -> int:
        """Remove up to `limit` jobs that ended before then, whose events are all published and that are no dead
        letters; returns how many."""
        ...


class Robots(Protocol):
    """The robots and their slots."""

    async def get(self, tenant_id: str, robot_id: str) -> Robot | None:
        """The robot, if it is registered."""
        ...

    async def deleted(self, tenant_id: str, robot_id: str) -> Robot | None:
        """What is left of the robot, if it was deleted lately and has not registered again."""
        ...

    async def insert(self, robot: Robot, event: EventData) -> bool:
        """Store a new robot; False when it exists."""
        ...

    async def change(self, robot: Robot, fields: dict[str, Any], event: EventData | None) -> Robot | None:
        """Set `fields` if the robot still has this version; the robot after it, else None."""
        ...

    async def touch(self, robot: Robot, fields: dict[str, Any]) -> None:
        """Record telemetry, whatever else changes at the same time."""
        ...

    async def take_slot(
        self, robot: Robot, job_id: str, token: str, now_ms: int, *, connection_id: str | None = None
    ) -> bool:
        """Reserve a slot for a job; False when the robot is full, takes no jobs, or has another connection by now."""
        ...

    async def free_slot(
        self, tenant_id: str, robot_id: str, job_id: str, token: str, *, cancelled_ms: int | None = None
    ) -> None:
        """Give the slot back, if it is still this lease's; note a cancelled job for the robot's next heartbeat."""
        ...

    async def forget_cancelled(self, tenant_id: str, robot_id: str, job_id: str) -> None:
        """The robot has stopped a job it was told to stop: its heartbeats name it no more."""
        ...

    async def note(self, tenant_id: str, robot_id: str, event: EventData, at_ms: int) -> None:
        """Publish an event about a robot that changes nothing of it."""
        ...

    async def find(self, tenant_id: str, environment: str | None) -> list[Robot]:
        """The tenant's robots, by id."""
        ...

    async def silent_since(self, before_ms: int, limit: int) -> list[Robot]:
        """Robots not heard since then whose absence was not announced yet."""
        ...

    async def with_jobs(self, limit: int) -> list[Robot]:
        """Robots that hold slots, deleted ones too."""
        ...

    async def forget_deleted(self, before_ms: int, limit: int) -> int:
        """Remove what is left of robots deleted before then, once nothing of them is pending; returns how many."""
        ...


class RobotSockets(Protocol):
    """The robots that are connected to this replica, as events from all replicas concern them."""

    def on_connected(self, tenant_id: str, robot_id: str, connection_id: str, version: int) -> None:
        """The robot registered on that connection; its document then had this version."""
        ...

    def on_changed(self, tenant_id: str, robot_id: str) -> None:
        """The robot may get other jobs than before."""
        ...

    def on_commanded(self, tenant_id: str, robot_id: str, command: str) -> None:
        """A user told the robot something."""
        ...

    def on_deleted(self, tenant_id: str, robot_id: str) -> None:
        """The robot is out of the fleet."""
        ...

    def on_job_ended(self, tenant_id: str, robot_id: str, job_id: str, attempt: int, reason: str | None) -> None:
        """The robot's attempt ended; `reason` says why the server ended it, None when the robot did."""
        ...


class Definitions(Protocol):
    """Workflow definitions by content id."""

    async def get(self, definition_id: str) -> str:
        """The workflow's JSON text."""
        ...


class Tokens(Protocol):
    """Makes lease tokens."""

    def __call__(self) -> str: ...


class JobHistory(Protocol):
    """A tenant's jobs in order."""

    async def newest(self, query: JobQuery) -> list[Job]:
        """Matching jobs, newest first, without their variables and results."""
        ...


class Submitter(Protocol):
    """Brings jobs into being."""

    async def submit(self, new_job: NewJob) -> Job:
        """Store the job and announce it; the job that has its fixed id already, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetterQuery:
    """Which of a tenant's dead letters."""

    tenant_id: str
    limit: int
    workflow_id: str | None = None
    error_type: str | None = None
    before: str | None = None
    """Only those behind this `dead_place`: the last one of the page before."""


class DeadLetters(Protocol):
    """A tenant's dead letters in order, without their variables and results."""

    async def newest(self, query: DeadLetterQuery) -> list[Job]:
        """Matching ones, newest first."""
        ...

    async def count(self, tenant_id: str) -> int:
        """How many there are."""
        ...

    async def oldest(self, tenant_id: str, *, ended_until_ms: int | None = None, limit: int) -> list[Job]:
        """The first that ended, oldest first; with `ended_until_ms` only those that had ended by then."""
        ...


class JobLogs(Protocol):
    """The jobs' logs. Every method raises `Unavailable`."""

    async def head(self, job_id: str) -> LogBatch | None:
        """The last batch of the job, its totals only; None when nothing is kept."""
        ...

    async def append(self, batch: LogBatch) -> bool:
        """Store `batch`; False when another one has taken its place."""
        ...

    async def count_dropped(self, batch: LogBatch, n_entries: int) -> None:
        """Note in the last batch of a full log that more entries were not kept."""
        ...

    async def repeated(self, batch_key: str) -> LogBatch | None:
        """The batch that was stored under this key, its totals only."""
        ...

    async def read(self, job_id: str, number: int, order: LogOrder, limit: int) -> list[LogBatch]:
        """Batches in `order`, from the one that holds entry `number`."""
        ...

    async def remove_before(self, before_ms: int, limit: int) -> int:
        """Remove up to `limit` batches received before then; returns how many."""
        ...
