"""Timed duties of the workflows service."""

from typing import Final

from services.workflows.use_cases.purge_webhooks import PurgeWebhooks
from services.workflows.use_cases.remove_tombstones import RemoveTombstones
from shared.web.idempotency import IdempotentResponses
from shared.web.periodic import Duty

PURGE_EVERY_SECONDS: Final = 600.0


def duties(
    idempotent: IdempotentResponses, purge_webhooks: PurgeWebhooks, remove_tombstones: RemoveTombstones
) -> list[Duty]:
    """What runs beside the routes; each is safe in every replica at once."""
    return [
        Duty("purge-idempotency-keys", PURGE_EVERY_SECONDS, idempotent.purge),
        Duty("purge-webhooks", PURGE_EVERY_SECONDS, purge_webhooks),
        Duty("remove-workflow-tombstones", PURGE_EVERY_SECONDS, remove_tombstones),
    ]
