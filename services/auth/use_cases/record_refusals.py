"""Keeping what a gateway refused."""

import asyncio
from collections.abc import Sequence

from services.auth.domain.audit import AuditEntry
from services.auth.ports import AuditEntries


class RecordRefusals:
    """Each refusal has the id that its gateway gave it: telling of it again changes nothing."""

    def __init__(self, entries: AuditEntries) -> None:
        self._entries = entries

    async def __call__(self, refusals: Sequence[AuditEntry]) -> int:
        """How many were new. Raises `Unavailable`; some may be stored then, and all may be told again."""
        added = await asyncio.gather(*(self._entries.add(refusal) for refusal in refusals), return_exceptions=True)
        for failure in added:
            if isinstance(failure, BaseException):
                raise failure
        return sum(outcome is True for outcome in added)
