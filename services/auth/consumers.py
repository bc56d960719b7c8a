"""Event type → use case: everybody's events, for the audit."""

from typing import Final

from services.auth.use_cases.record_audited_event import RecordAuditedEvent
from shared.events import CloudEvent
from shared.messaging import Bus, Consumer, Subscription

AUDIT: Final = Subscription("auth.audit", ("#",), prefetch=256)
"""Shared: one replica handles each event, and repeats change nothing."""


async def attach_audit(bus: Bus, record: RecordAuditedEvent) -> None:
    """Start keeping events in the audit."""

    async def on_event(event: CloudEvent) -> None:
        await record(event)

    await Consumer({}, otherwise=on_event).attach(bus, AUDIT)
