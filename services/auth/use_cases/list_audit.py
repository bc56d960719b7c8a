"""Showing the audit to administrators."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.auth.domain.audit import AuditEntry, AuditQuery, position_of
from services.auth.ports import AuditEntries


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, newest first, with the numbers of their blocks, and where the next page begins."""

    entries: Sequence[tuple[AuditEntry, int | None]]
    next_position: str | None


class ListAudit:
    """A page of one tenant's entries. What cannot be read any more is left out; verification names it."""

    def __init__(self, entries: AuditEntries) -> None:
        self._entries = entries

    async def __call__(self, query: AuditQuery) -> AuditPage:
        """Raises `Unavailable`."""
        found = await self._entries.page(query)
        entries = [(stored.entry, stored.block) for stored in found if stored.entry is not None]
        is_full = len(found) == query.limit and entries
        return AuditPage(entries, position_of(entries[-1][0]) if is_full else None)
