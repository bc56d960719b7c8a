"""Proving, a stretch at a time, that a tenant's audit is as it was sealed."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from services.auth.domain.audit import AuditEntry, StoredEntry
from services.auth.domain.audit_chain import GENESIS, Block, Break, Fault, Link, check_block, up_to
from services.auth.ports import AuditChain, AuditEntries

BLOCKS_AT_ONCE: Final = 500
ENTRIES_AT_ONCE: Final = 2_000
STRETCH: Final = 10_000
"""A call ends after this many blocks and entries, or entries looked through: the next one goes on from its progress."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a verification has come."""

    link: Link = GENESIS
    """The last block found good."""
    removed: int = 0
    """Blocks before the chain's beginning, removed because of their age."""
    n_blocks: int = 0
    n_entries: int = 0
    has_expected: bool = False
    """Whether the hash asked for has been met."""
    position: str | None = None
    """None while blocks are verified; then how far the look through all entries has come."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a call found. Without `broken`, `done` tells whether the whole chain has been seen."""

    progress: Progress
    broken: Break | None = None
    done: bool = False
    n_unsealed: int = 0
    """Entries that wait for a block: the last second's, as a rule."""


class VerifyAudit:
    """Reads only. Sealing and removal may go on meanwhile; what looks wrong is looked at again before it counts."""

    def __init__(self, *, entries: AuditEntries, chain: AuditChain) -> None:
        self._entries = entries
        self._chain = chain

    async def __call__(self, *, tenant_id: str, progress: Progress, expected_hash: str | None = None) -> Verification:
        """The next stretch after `progress`. Raises `Unavailable`."""
        if progress.position is not None:
            return await self._scan(tenant_id, progress, progress.position)
        now = await self._from_anchor(tenant_id, progress, expected_hash)
        limit = now.n_blocks + now.n_entries + STRETCH
        while now.n_blocks + now.n_entries < limit:
            blocks = await self._chain.after(tenant_id, now.link.number, BLOCKS_AT_ONCE)
            if not blocks:
                return await self._end(tenant_id, now, expected_hash)
            now, broken = await self._check(tenant_id, up_to(blocks, ENTRIES_AT_ONCE), now, expected_hash)
            if broken is not None:
                return await self._unless_removed(tenant_id, Verification(progress=now, broken=broken))
        return Verification(progress=now)

    async def _from_anchor(self, tenant_id: str, progress: Progress, expected_hash: str | None) -> Progress:
        """`progress`, or where the chain begins now if that is later."""
        anchor = await self._chain.anchor(tenant_id)
        if progress.link.number >= anchor.number and progress.link != GENESIS:
            return progress
        has_expected = progress.has_expected or anchor.hash == expected_hash
        return msgspec.structs.replace(progress, link=anchor, removed=anchor.number, has_expected=has_expected)

    async def _check(
        self, tenant_id: str, blocks: Sequence[Block], now: Progress, expected_hash: str | None
    ) -> tuple[Progress, Break | None]:
        claims = await self._entries.claiming(tenant_id, now.link.number, blocks[-1].number)
        if strange := claims.keys() - {block.number for block in blocks}:
            number = min(strange)
            if number > now.link.number:
                return now, Break(number, Fault.BLOCK_MISSING, claims[number][0].id)
            return now, Break(now.link.number + 1, Fault.ENTRY_EXTRA, claims[number][0].id)
        for block in blocks:
            found = await self._entries_of(block, claims.get(block.number, ()))
            broken = check_block(now.link, block, found)
            if broken is not None:
                return now, broken
            now = msgspec.structs.replace(
                now,
                link=block.link,
                n_blocks=now.n_blocks + 1,
                n_entries=now.n_entries + len(block.digests),
                has_expected=now.has_expected or block.hash == expected_hash,
            )
        return now, None

    async def _entries_of(self, block: Block, claims: Sequence[StoredEntry]) -> Mapping[str, AuditEntry | None]:
        """The entries in `block`; those of the newest one may not have been marked yet."""
        found = {stored.id: stored.entry for stored in claims}
        missing = set(block.entry_ids) - found.keys()
        if missing:
            # In this order: the next block is written only after all entries of this one have been marked.
            head = await self._chain.head(block.tenant_id)
            is_newest = head is not None and head.number == block.number
            for stored in await self._entries.with_ids(block.tenant_id, missing):
                if stored.block == block.number or (stored.block is None and is_newest):
                    found[stored.id] = stored.entry
        return found

    async def _end(self, tenant_id: str, now: Progress, expected_hash: str | None) -> Verification:
        """No block follows: nothing may claim to be in one, and the hash that was asked for must have been met."""
        beyond = await self._entries.claiming(tenant_id, now.link.number, None)
        if beyond:
            if await self._chain.after(tenant_id, now.link.number, 1):
                return Verification(progress=now)  # sealed this moment
            number = min(beyond)
            broken = Break(now.link.number + 1, Fault.BLOCK_MISSING, beyond[number][0].id)
            return Verification(progress=now, broken=broken)
        if expected_hash is not None and not now.has_expected:
            return Verification(progress=now, broken=Break(now.link.number, Fault.HEAD_MISSING))
        return await self._scan(tenant_id, msgspec.structs.replace(now, position=""), "")

    async def _scan(self, tenant_id: str, now: Progress, position: str) -> Verification:
        """The blocks are good: no entry may stand beside them."""
        for _ in range(STRETCH // ENTRIES_AT_ONCE):
            seen = await self._entries.scan(tenant_id, position, ENTRIES_AT_ONCE)
            if seen.lawless is not None:
                broken = Break(now.link.number, Fault.ENTRY_EXTRA, seen.lawless)
                return Verification(progress=now, broken=broken)
            if seen.position is None:
                n_unsealed = await self._entries.count_unsealed(tenant_id)
                return Verification(progress=now, done=True, n_unsealed=n_unsealed)
            position = seen.position
        return Verification(progress=msgspec.structs.replace(now, position=position))

    async def _unless_removed(self, tenant_id: str, found: Verification) -> Verification:
        """What has been removed because of its age since this call began is not broken: go on behind it."""
        anchor = await self._chain.anchor(tenant_id)
        broken = found.broken
        if broken is None or anchor.number < broken.block:
            return found
        moved = msgspec.structs.replace(found.progress, link=anchor, removed=anchor.number)
        return Verification(progress=moved)
