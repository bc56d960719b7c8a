"""Remove a webhook."""

from services.workflows.domain.webhook import Webhook, WebhookNotFound
from services.workflows.ports import Webhooks
from shared.events.workflows import WebhookDeleted
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid
from shared.kernel.identity import Identity
from shared.kernel.ids import is_uuid


class DeleteWebhook:
    """Marks the webhook in one guarded write; of two that delete it at once, one does and the other finds none.

    A delivery that was let in before goes on to its job: it was valid when it came.
    """

    def __init__(self, webhooks: Webhooks, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    async def __call__(self, *, caller: Identity, workflow_id: str, webhook_id: str) -> Webhook:
        """The webhook that was. Raises `Invalid`, `WebhookNotFound`, `Unavailable`."""
        for field, value in (("workflow_id", workflow_id), ("webhook_id", webhook_id)):
            if not is_uuid(value):
                raise Invalid.field(field, "is not a UUID")
        webhook = await self._webhooks.find(webhook_id.lower())
        owner = (caller.tenant_id, workflow_id.lower())
        if (
            webhook is None
            or (webhook.tenant_id, webhook.workflow_id) != owner
            or not await self._delete(webhook, caller)
        ):
            raise WebhookNotFound(f"Workflow {workflow_id} has no webhook {webhook_id}.")
        return webhook

    async def _delete(self, webhook: Webhook, caller: Identity) -> bool:
        event = WebhookDeleted(
            webhook_id=webhook.webhook_id,
            workflow_id=webhook.workflow_id,
            name=webhook.name,
            deleted_by=caller.subject,
        )
        return await self._webhooks.delete(webhook, event, at_ms=self._clock.now_ms())
