"""Sealing the audit's new entries into the next block of their tenant's chain.

Every entry ends in exactly one block, with any number of replicas and a death at any step:

- A block's number is its id, so of all who would write block n + 1 one succeeds; the others start anew.
- Whoever writes block n + 1 has read block n and marked all its entries as sealed before it looks for entries that
  wait, and leaves out those of block n besides. By induction all entries of blocks 1 to n are marked by then. So what
  it finds waiting is in none of them, and if block n + 1 was written meanwhile, its own write fails.
- An entry stops waiting only by being marked, and is marked only as what the block that lists it says. One listed by a
  block whose writer died is marked by whoever reads that block next; one that is in no block waits until it is.
"""

from typing import Final

from services.auth.domain.audit_chain import GENESIS, MAX_ENTRIES, seal
from services.auth.ports import AuditChain, AuditEntries
from shared.kernel.clock import Clock

MAX_ENTRIES_A_RUN: Final = 4 * MAX_ENTRIES
MAX_TENANTS_A_RUN: Final = 50
"""A run is short, so that it never holds up the end of the process; the next one goes on with the next tenant."""


class SealAudit:
    """Safe in every replica at once: see above."""

    def __init__(self, *, entries: AuditEntries, chain: AuditChain, clock: Clock) -> None:
        self._entries = entries
        self._chain = chain
        self._clock = clock
        self._latest_tenant: str | None = None

    async def __call__(self) -> int:
        """Seal what waits; returns how many entries. Raises `Unavailable`; what is not sealed then, is next time."""
        n_sealed = 0
        for _ in range(MAX_TENANTS_A_RUN):
            self._latest_tenant = await self._entries.next_unsealed_tenant(self._latest_tenant)
            if self._latest_tenant is None:
                break
            n_sealed += await self._seal_tenant(self._latest_tenant, MAX_ENTRIES_A_RUN - n_sealed)
            if n_sealed >= MAX_ENTRIES_A_RUN:
                break
        return n_sealed

    async def _seal_tenant(self, tenant_id: str, limit: int) -> int:
        n_sealed = n_entries = await self._seal_next(tenant_id)
        while n_entries == MAX_ENTRIES and n_sealed < limit:
            n_entries = await self._seal_next(tenant_id)
            n_sealed += n_entries
        return n_sealed

    async def _seal_next(self, tenant_id: str) -> int:
        """How many entries the next block got from this call; 0 too when another replica was faster."""
        head = await self._chain.head(tenant_id)
        if head is not None:
            await self._entries.mark_sealed(head)
        sealed = frozenset(head.entry_ids) if head is not None else frozenset[str]()
        waiting = await self._entries.unsealed(tenant_id, MAX_ENTRIES)
        fresh = [entry for entry in waiting if entry.id not in sealed]
        if not fresh:
            return 0
        block = seal(head.link if head else GENESIS, tenant_id, fresh, self._clock.now_ms())
        if not await self._chain.append(block):
            return 0
        await self._entries.mark_sealed(block)
        return len(fresh)
