"""What the scheduler's use cases need from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.scheduler.domain.schedule import Schedule
from shared.events import EventData
from shared.jobs import Job, NewJob


class Schedules(Protocol):
    """The stored schedules, each changed by compare-and-set only. Every method raises `Unavailable`."""

    async def insert(self, schedule: Schedule, event: EventData) -> bool:
        """Store a new schedule together with its event; False when its id is taken."""
        ...

    async def get(self, tenant_id: str, schedule_id: str) -> Schedule | None:
        """The schedule, if the tenant has it and has not deleted it."""
        ...

    async def find(
        self, tenant_id: str, *, workflow_id: str | None, enabled: bool | None, limit: int
    ) -> list[Schedule]:
        """The tenant's schedules, oldest first; None does not filter."""
        ...

    async def upcoming(self, tenant_id: str, *, workflow_id: str | None, limit: int) -> list[Schedule]:
        """The tenant's enabled schedules by their next run."""
        ...

    async def save(self, before: Schedule, after: Schedule, event: EventData | None) -> bool:
        """Store `after` and its event in one write if the document still is `before`; whether it was."""
        ...

    async def due(self, now_ms: int, limit: int) -> list[Schedule]:
        """Schedules of all tenants whose next run has come, the longest overdue first."""
        ...

    async def next_due_ms(self, after_ms: int) -> int | None:
        """The earliest next run of any schedule later than `after_ms`."""
        ...

    async def remove_deleted(self, until_ms: int) -> int:
        """Remove for good what was deleted by `until_ms` and has announced it; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class RunnableWorkflow:
    """What a schedule needs of a workflow: its name and the version that runs now."""

    name: str
    version: int
    definition_id: str


class Workflows(Protocol):
    """The workflows, read only: the workflows service owns them."""

    async def get(self, tenant_id: str, workflow_id: str) -> RunnableWorkflow | None:
        """The workflow, if the tenant has it; one that is deleted never comes back. Raises `Unavailable`."""
        ...


class Jobs(Protocol):
    """Where jobs are submitted."""

    async def submit(self, new_job: NewJob) -> Job:
        """Store the job; one with this fixed id is returned as it is. Raises `Unavailable`."""
        ...


class JobStates(Protocol):
    """The jobs, read only: the dispatcher owns them."""

    async def any_unfinished(self, tenant_id: str, job_ids: Sequence[str]) -> bool:
        """Whether one of these jobs, if any, exists and can still run. Raises `Unavailable`."""
        ...


class Alarm(Protocol):
    """Wakes this replica for the next due time. A lost wake-up only delays: the store is polled as well."""

    def no_later_than(self, at_ms: int | None) -> None:
        """Wake at `at_ms` or before; None asks for nothing."""
        ...
