"""List a workflow's webhooks."""

from services.workflows.domain.webhook import Webhook
from services.workflows.ports import Webhooks, Workflows
from services.workflows.use_cases.find_workflow import find_workflow
from shared.kernel.identity import Identity


class ListWebhooks:
    """Reads; never writes."""

    def __init__(self, workflows: Workflows, webhooks: Webhooks) -> None:
        self._workflows = workflows
        self._webhooks = webhooks

    async def __call__(self, *, caller: Identity, workflow_id: str) -> list[Webhook]:
        """All of them, oldest first. Raises `Invalid`, `WorkflowNotFound`, `Unavailable`."""
        workflow = await find_workflow(self._workflows, caller, workflow_id)
        return await self._webhooks.of_workflow(caller.tenant_id, workflow.workflow_id)
