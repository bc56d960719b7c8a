"""Keeping an event in the audit."""

from services.auth.domain.audited_events import entry_of
from services.auth.ports import AuditEntries
from shared.events import CloudEvent


class RecordAuditedEvent:
    """The event's id makes it repeatable: the second time finds the first."""

    def __init__(self, entries: AuditEntries) -> None:
        self._entries = entries

    async def __call__(self, event: CloudEvent) -> bool | None:
        """Whether it was new; None when the audit does not keep such events. Raises `MalformedEvent`, `Unavailable`."""
        entry = entry_of(event)
        return None if entry is None else await self._entries.add(entry)
