"""What the audit's tests share."""

from typing import Any

import msgspec

from services.auth.adapters.mongo_audit import AUDIT_ENTRIES, AUDIT_ENTRY_INDEXES, MongoAuditEntries
from services.auth.adapters.mongo_audit_chain import AUDIT_BLOCK_INDEXES, AUDIT_BLOCKS, MongoAuditChain
from services.auth.domain.audit import AuditEntry, Outcome
from services.auth.use_cases.seal_audit import SealAudit
from services.auth.use_cases.verify_audit import Progress, Verification, VerifyAudit
from shared.storage import Store
from tests.support.clock import ManualClock

NOON_MS = ManualClock().now_ms()


def entry_of(number: int, **values: Any) -> AuditEntry:
    """The entry `e<number>`, `number` milliseconds after noon."""
    entry = AuditEntry(
        id=f"e{number}",
        tenant_id="t",
        at_ms=NOON_MS + number,
        action="job.cancelled",
        outcome=Outcome.DONE,
        actor_kind="user",
        actor_id="ada",
        resource_kind="job",
        resource_id=f"j{number}",
        address="192.0.2.1",
        request_id="r",
        detail_json='{"a.$b":1}',
    )
    return msgspec.structs.replace(entry, **values)


class Audit:
    """The audit's stores and use cases on one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = ManualClock()
        self.entries = MongoAuditEntries(store)
        self.chain = MongoAuditChain(store)
        self.seal = SealAudit(entries=self.entries, chain=self.chain, clock=self.clock)

    async def prepare(self) -> "Audit":
        """With its indexes."""
        await self.store.ensure_indexes(AUDIT_ENTRIES, AUDIT_ENTRY_INDEXES)
        await self.store.ensure_indexes(AUDIT_BLOCKS, AUDIT_BLOCK_INDEXES)
        return self

    async def add(self, *entries: AuditEntry) -> None:
        """Store them, sealed together."""
        for entry in entries:
            assert await self.entries.add(entry)
        await self.seal()

    async def verify(self, tenant_id: str = "t", expected_hash: str | None = None) -> Verification:
        """The whole chain."""
        verify, progress = VerifyAudit(entries=self.entries, chain=self.chain), Progress()
        while True:
            found = await verify(tenant_id=tenant_id, progress=progress, expected_hash=expected_hash)
            if found.done or found.broken is not None:
                return found
            assert found.progress != progress, "verification makes no progress"
            progress = found.progress
