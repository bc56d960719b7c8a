"""What the workflows' use cases need from outside."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.workflows.domain.webhook import Webhook
from services.workflows.domain.workflow import Workflow, WorkflowHead
from shared.events import EventData
from shared.jobs import Definition, ExecutionMode, Job, NewJob
from shared.kernel.errors import Invalid


class ListedWorkflows(NamedTuple):
    """A page of a tenant's workflows, newest first, and how many there are in all."""

    workflows: list[WorkflowHead]
    total: int


class Workflows(Protocol):
    """The stored workflows; a deleted one is found by none of the reads."""

    async def insert(self, workflow: Workflow, event: EventData) -> bool:
        """Store a new workflow together with its event; False when its id is taken. Raises `Unavailable`."""
        ...

    async def get(self, tenant_id: str, workflow_id: str) -> Workflow | None:
        """The workflow, if the tenant has it. Raises `Unavailable`."""
        ...

    async def find(self, tenant_id: str, *, search: str | None, limit: int, offset: int) -> ListedWorkflows:
        """The tenant's workflows whose name contains `search`, in any case. Raises `Unavailable`."""
        ...

    async def save(self, before: Workflow, after: Workflow, event: EventData) -> bool:
        """Store the change with its event if the workflow still is as `before` says. Raises `Unavailable`."""
        ...

    async def delete(self, workflow: Workflow, event: EventData, at_ms: int) -> bool:
        """Make it a tombstone, with its event, if it still is as `workflow` says. Raises `Unavailable`."""
        ...

    async def remove_deleted_before(self, at_ms: int) -> int:
        """Remove tombstones whose events are out; returns how many. Raises `Unavailable`."""
        ...


class Definitions(Protocol):
    """Workflow definitions by content id."""

    async def put(self, definition: Definition) -> None:
        """Store `definition` unless it is stored already. Raises `Unavailable`."""
        ...

    async def get(self, definition_id: str) -> str:
        """The workflow's JSON text. Raises `NotFound`, `Unavailable`."""
        ...


class Jobs(Protocol):
    """Where jobs are submitted."""

    async def submit(self, new_job: NewJob) -> Job:
        """Store the job; one with this fixed id is returned as it is. Raises `Unavailable`."""
        ...


class Webhooks(Protocol):
    """The stored webhooks. Deleted ones are not found."""

    async def insert(self, webhook: Webhook, event: EventData) -> bool:
        """Store a new webhook together with its event; False when its id is taken. Raises `Unavailable`."""
        ...

    async def find(self, webhook_id: str) -> Webhook | None:
        """The webhook of whatever tenant: for deliveries, which name no tenant. Raises `Unavailable`."""
        ...

    async def of_workflow(self, tenant_id: str, workflow_id: str) -> list[Webhook]:
        """A workflow's webhooks, oldest first. Raises `Unavailable`."""
        ...

    async def count(self, tenant_id: str, workflow_id: str) -> int:
        """How many webhooks the workflow has. Raises `Unavailable`."""
        ...

    async def delete(self, webhook: Webhook, event: EventData, *, at_ms: int) -> bool:
        """Mark it deleted together with the event; False when it changed meanwhile. Raises `Unavailable`."""
        ...

    async def purge(self, deleted_before_ms: int) -> int:
        """Forget webhooks deleted before that moment; returns how many. Raises `Unavailable`."""
        ...


class WebhookSecrets(Protocol):
    """Tokens and secrets of webhooks, which are stored nowhere."""

    def token_of(self, webhook_id: str) -> str:
        """The last part of the webhook's URL; cannot be guessed."""
        ...

    def webhook_id_of(self, token: str) -> str | None:
        """The webhook that `token` was made for; None when it was made for none."""
        ...

    def secret_of(self, tenant_id: str, webhook_id: str) -> str:
        """What deliveries are signed with: `whsec_` and the base64 of 32 bytes."""
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

    async def delete_of_workflow(self, tenant_id: str, workflow_id: str) -> int:
        """Delete the schedules of a workflow; returns how many. Raises `Unavailable`."""
        ...


class Copy(Protocol):
    """A version's copy in the workflow folder, written but not in its place yet."""

    async def keep(self) -> None:
        """Put it in its place: the version is stored."""
        ...

    async def discard(self) -> None:
        """Remove it: the version is not stored."""
        ...


class Folder(Protocol):
    """Where each version is written too, for people and other programs; perhaps nowhere."""

    async def write(self, tenant_id: str, workflow_id: str, version: int, text: str) -> Copy:
        """The copy of a version that is about to be stored, safe on disk. Raises `Unavailable`."""
        ...

    async def remove(self, tenant_id: str, workflow_id: str) -> bool:
        """Remove all copies of a workflow; False when there is no folder, or it could not be done."""
        ...
