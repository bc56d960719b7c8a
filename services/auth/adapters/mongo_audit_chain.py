"""The collections `audit_blocks` and `audit_anchors`, which has one document per tenant.

A block's `_id` is `<tenant>|<number>`: there is one of each number. `place` is the same text, indexed: a range of `_id`
is a scan on the embedded store.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from services.auth.adapters.audit_keys import (
    AFTER_ALL,
    after_tenant,
    all_of,
    block_id,
    number_of,
    prefix_of,
    tenant_of,
)
from services.auth.domain.audit_chain import GENESIS, Block, Link
from shared.storage import Collection, Document, Index, Receipt, Store

AUDIT_BLOCKS: Final = "audit_blocks"
AUDIT_BLOCK_INDEXES: Final = (Index("place", (("place", 1),)),)  # a tenant's blocks in order; the tenants, one by one
AUDIT_ANCHORS: Final = "audit_anchors"

_digests: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])


class MongoAuditChain:
    """`AuditChain` in the document store."""

    def __init__(self, store: Store) -> None:
        self._blocks = Collection(store, AUDIT_BLOCKS)
        self._anchors = Collection(store, AUDIT_ANCHORS)

    async def next_tenant(self, after: str | None) -> str | None:
        found = await self._blocks.find({"place": after_tenant(after)}, sort=[("place", 1)], limit=1, fields=["place"])
        return tenant_of(found[0]["place"]) if found else None

    async def head(self, tenant_id: str) -> Block | None:
        found = await self._blocks.find({"place": all_of(tenant_id)}, sort=[("place", -1)], limit=1)
        return _block(found[0]) if found else None

    async def after(self, tenant_id: str, number: int, limit: int) -> Sequence[Block]:
        condition = {"$gt": block_id(tenant_id, number), "$lt": prefix_of(tenant_id) + AFTER_ALL}
        found = await self._blocks.find({"place": condition}, sort=[("place", 1)], limit=limit)
        return [_block(document) for document in found]

    async def append(self, block: Block) -> bool:
        key = block_id(block.tenant_id, block.number)
        return await self._blocks.insert(
            {
                "_id": key,
                "place": key,
                "at_ms": block.at_ms,
                "prev_hash": block.prev_hash,
                "digests_json": msgspec.json.encode(block.digests).decode(),
                "hash": block.hash,
            }
        )

    async def anchor(self, tenant_id: str) -> Link:
        document = await self._anchors.get(prefix_of(tenant_id))
        return GENESIS if document is None else Link(int(document["number"]), document["hash"])

    async def advance_anchor(self, tenant_id: str, link: Link) -> None:
        key = prefix_of(tenant_id)
        if await self._anchors.insert({"_id": key, "number": link.number, "hash": link.hash}):
            return
        change = {"$set": {"number": link.number, "hash": link.hash}}
        await self._anchors.update({"_id": key, "number": {"$lt": link.number}}, change, Receipt("hash", link.hash))

    async def remove(self, block: Block) -> None:
        await self._blocks.delete({"_id": block_id(block.tenant_id, block.number)})


def _block(document: Document) -> Block:
    """What cannot be read becomes something whose hash is wrong: tampering, not a crash."""
    try:
        digests = _digests.decode(document["digests_json"])
        at_ms = int(document["at_ms"])
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
        digests, at_ms = (), -1
    return Block(
        tenant_id=tenant_of(document["place"]),
        number=number_of(document["place"]),
        at_ms=at_ms,
        prev_hash=str(document.get("prev_hash")),
        digests=digests,
        hash=str(document.get("hash")),
    )
