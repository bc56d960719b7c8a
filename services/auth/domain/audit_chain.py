"""The chain that shows whether the audit was tampered with: each block names its entries' digests and the block before.

Whoever changes, removes, adds or reorders entries or blocks breaks a hash, unless they write the rest of the chain
anew. Who keeps the newest block's hash elsewhere notices that too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from services.auth.domain.audit import AuditEntry

MAX_ENTRIES: Final = 500
"""Of one block: it must fit well into a document."""


class Link(msgspec.Struct, frozen=True):
    """What the next block has to continue."""

    number: int
    hash: str


GENESIS: Final = Link(0, "0" * 64)
"""What a tenant's first block continues."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Entries sealed together, in order."""

    tenant_id: str
    number: int
    at_ms: int
    prev_hash: str
    digests: tuple[tuple[str, str], ...]
    """Each entry's id and `digest_of`."""
    hash: str

    @property
    def link(self) -> Link:
        """What the block after this one continues."""
        return Link(self.number, self.hash)

    @property
    def entry_ids(self) -> tuple[str, ...]:
        """Its entries, in order."""
        return tuple(entry_id for entry_id, _ in self.digests)


class Fault(StrEnum):
    """How a chain can be broken."""

    BLOCK_MISSING = "block-missing"
    BLOCK_CHANGED = "block-changed"
    BLOCK_UNLINKED = "block-unlinked"
    ENTRY_MISSING = "entry-missing"
    ENTRY_CHANGED = "entry-changed"
    ENTRY_EXTRA = "entry-extra"
    HEAD_MISSING = "head-missing"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold."""

    block: int
    fault: Fault
    entry_id: str | None = None


def digest_of(entry: AuditEntry) -> str:
    """SHA-256, in hex, of the entry as JSON: keys sorted, no blanks, fields left out that have their defaults."""
    return hashlib.sha256(msgspec.json.encode(entry, order="sorted")).hexdigest()


def seal(after: Link, tenant_id: str, entries: Iterable[AuditEntry], at_ms: int) -> Block:
    """The block that continues `after` with `entries`."""
    digests = tuple((entry.id, digest_of(entry)) for entry in entries)
    block = Block(
        tenant_id=tenant_id, number=after.number + 1, at_ms=at_ms, prev_hash=after.hash, digests=digests, hash=""
    )
    return msgspec.structs.replace(block, hash=hash_of(block))


def hash_of(block: Block) -> str:
    """SHA-256, in hex, of the JSON list of tenant, number, time, previous hash and the entries' ids and digests."""
    content = (block.tenant_id, block.number, block.at_ms, block.prev_hash, block.digests)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()


def check_block(after: Link, block: Block, found: Mapping[str, AuditEntry | None]) -> Break | None:
    """What is wrong with `block`, which should continue `after`; None when all is well.

    `found` are the entries that say they are in it, None for those that cannot be read.
    """
    if block.number != after.number + 1:
        return Break(after.number + 1, Fault.BLOCK_MISSING)
    if block.hash != hash_of(block):
        return Break(block.number, Fault.BLOCK_CHANGED)
    if block.prev_hash != after.hash:
        return Break(block.number, Fault.BLOCK_UNLINKED)
    return _check_entries(block, found)


def _check_entries(block: Block, found: Mapping[str, AuditEntry | None]) -> Break | None:
    for entry_id, digest in block.digests:
        if entry_id not in found:
            return Break(block.number, Fault.ENTRY_MISSING, entry_id)
        entry = found[entry_id]
        if entry is None or digest_of(entry) != digest:
            return Break(block.number, Fault.ENTRY_CHANGED, entry_id)
    extra = sorted(found.keys() - set(block.entry_ids))
    return Break(block.number, Fault.ENTRY_EXTRA, extra[0]) if extra else None


def up_to(blocks: Sequence[Block], max_entries: int) -> Sequence[Block]:
    """The first of `blocks`, at least one, that together hold no more than `max_entries`."""
    n_entries = 0
    for position, block in enumerate(blocks):
        n_entries += len(block.digests)
        if n_entries > max_entries and position:
            return blocks[:position]
    return blocks
