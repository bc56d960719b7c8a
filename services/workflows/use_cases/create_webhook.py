"""Make a webhook for a workflow."""

from dataclasses import dataclass

from services.workflows.domain.webhook import FIRST_VERSION, MAX_PER_WORKFLOW, Webhook, WebhookLimitReached
from services.workflows.domain.workflow import Workflow
from services.workflows.ports import Webhooks, Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from shared.events.workflows import WebhookCreated
from shared.jobs import ExecutionMode
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.identity import Identity


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What a developer decides about a webhook; None leaves a thing to the workflow."""

    name: str | None = None
    description: str | None = None
    priority: int | None = None
    environment: str = "default"
    execution_mode: ExecutionMode | None = None


class CreateWebhook:
    """Stores a webhook in one write; done again under the same id, it finds the one it made."""

    def __init__(self, workflows: Workflows, webhooks: Webhooks, clock: Clock) -> None:
        self._workflows = workflows
        self._webhooks = webhooks
        self._clock = clock

    async def __call__(self, *, caller: Identity, workflow_id: str, webhook_id: str, wanted: NewWebhook) -> Webhook:
        """The webhook. Raises `Invalid`, `WorkflowNotFound`, `WebhookLimitReached`, `Unavailable`."""
        workflow = await find_workflow(self._workflows, caller, workflow_id)
        existing = await self._webhooks.find(webhook_id)
        if existing is not None:
            return existing
        if await self._webhooks.count(caller.tenant_id, workflow.workflow_id) >= MAX_PER_WORKFLOW:
            raise WebhookLimitReached(f"A workflow has at most {MAX_PER_WORKFLOW} webhooks.")
        return await self.for_workflow(workflow, caller, webhook_id, wanted)

    async def for_workflow(
        self, workflow: Workflow, caller: Identity, webhook_id: str, wanted: NewWebhook = NewWebhook()
    ) -> Webhook:
        """The webhook of a workflow that was just stored, or the one that an earlier try made. Raises `Unavailable`."""
        webhook = self._webhook(workflow, caller, webhook_id, wanted)
        event = WebhookCreated(
            webhook_id=webhook_id, workflow_id=workflow.workflow_id, name=webhook.name, created_by=caller.subject
        )
        if await self._webhooks.insert(webhook, event):
            return webhook
        existing = await self._webhooks.find(webhook_id)
        if existing is None:
            raise Unavailable("The webhook was being removed while it was made.")
        return existing

    def _webhook(self, workflow: Workflow, caller: Identity, webhook_id: str, wanted: NewWebhook) -> Webhook:
        now_ms = self._clock.now_ms()
        return Webhook(
            webhook_id=webhook_id,
            tenant_id=workflow.tenant_id,
            version=FIRST_VERSION,
            workflow_id=workflow.workflow_id,
            name=wanted.name or workflow.name,
            description=wanted.description,
            priority=wanted.priority,
            environment=wanted.environment,
            execution_mode=wanted.execution_mode,
            created_ms=now_ms,
            created_by=caller.subject,
            updated_ms=now_ms,
        )
