"""Removing what the audit has kept for long enough, from the beginning of each chain."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from services.auth.domain.audit_chain import Block
from services.auth.ports import AuditChain, AuditEntries
from shared.kernel.clock import Clock

MAX_BLOCKS_A_RUN: Final = 100
"""A run is short, so that it never holds up the end of the process; the next one goes on."""


class RemoveOldAudit:
    """Whole blocks, oldest first, and never the newest: the chain goes on from the anchor, which is moved first.

    Dying afterwards leaves blocks before the anchor, which verification does not look at and the next run removes.
    Entries go before their block, so that the block still names those that are left. Safe in every replica at once:
    the anchor only moves forward, and removing what is gone changes nothing.
    """

    def __init__(self, *, entries: AuditEntries, chain: AuditChain, clock: Clock, keep_ms: int) -> None:
        """`keep_ms` 0: keep everything for ever."""
        self._entries = entries
        self._chain = chain
        self._clock = clock
        self._keep_ms = keep_ms

    async def __call__(self) -> int:
        """How many blocks were removed. Raises `Unavailable`."""
        if not self._keep_ms:
            return 0
        n_removed, tenant_id = 0, await self._chain.next_tenant(None)
        while tenant_id is not None and n_removed < MAX_BLOCKS_A_RUN:
            n_removed += await self._remove_some(tenant_id, MAX_BLOCKS_A_RUN - n_removed)
            tenant_id = await self._chain.next_tenant(tenant_id)
        return n_removed

    async def _remove_some(self, tenant_id: str, limit: int) -> int:
        # Two tell whether there is anything to do: the oldest, and one that shows that it is not the newest too.
        old = await self._old_blocks(tenant_id, 1) and await self._old_blocks(tenant_id, limit)
        if not old:
            return 0
        await self._chain.advance_anchor(tenant_id, old[-1].link)
        for block in old:
            await self._entries.remove(block)
            await self._chain.remove(block)
        return len(old)

    async def _old_blocks(self, tenant_id: str, limit: int) -> Sequence[Block]:
        before_ms = self._clock.now_ms() - self._keep_ms
        oldest = await self._chain.after(tenant_id, 0, limit + 1)
        return list(takewhile(lambda block: block.at_ms < before_ms, oldest[:-1]))
