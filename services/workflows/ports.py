"""What the workflows' use cases need from outside."""

from dataclasses import dataclass
from typing import Protocol

from services.workflows.domain.workflow import Workflow
from shared.events import EventData
from shared.jobs import Definition, ExecutionMode, Job, NewJob
from shared.kernel.errors import Invalid


class Workflows(Protocol):
    """The stored workflows."""

    async def insert(self, workflow: Workflow, event: EventData) -> bool:
        """Store a new workflow together with its event; False when its id is taken. Raises `Unavailable`."""
        ...

    async def get(self, tenant_id: str, workflow_id: str) -> Workflow | None:
        """The workflow, if the tenant has it. Raises `Unavailable`."""
        ...


class Definitions(Protocol):
    """Workflow definitions by content id."""

    async def put(self, definition: Definition) -> None:
        """Store `definition` unless it is stored already. Raises `Unavailable`, `TooLarge`."""
        ...

    async def get(self, definition_id: str) -> str:
        """The workflow's JSON text. Raises `NotFound`, `Unavailable`."""
        ...


class Jobs(Protocol):
    """Where jobs are submitted."""

    async def submit(self, new_job: NewJob) -> Job:
        """Store the job; one with this fixed id is returned as it is. Raises `Unavailable`."""
        ...


class InvalidSchedule(Invalid):
    """The scheduler does not take the cron expression; the message is its own."""

    code = "INVALID_CRON"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """What a submission asks of the scheduler."""

    schedule_id: str
    """Fixed: asking again finds the schedule made before."""
    tenant_id: str
    workflow_id: str
    name: str
    cron: str
    priority: int
    execution_mode: ExecutionMode
    created_by: str


@dataclass(frozen=True, slots=True)
class MadeSchedule:
    """A schedule as the scheduler answers it."""

    schedule_id: str
    next_run_ms: int | None


class Schedules(Protocol):
    """The scheduler service."""

    async def check(self, tenant_id: str, cron: str) -> None:
        """Return when the scheduler takes `cron`. Raises `InvalidSchedule` when it does not, `Unavailable`."""
        ...

    async def create(self, schedule: NewSchedule) -> MadeSchedule:
        """Make the schedule, or find it. Raises `InvalidSchedule`, `Unavailable`."""
        ...
