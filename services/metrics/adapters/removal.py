"""Removing old documents a slice at a time: one command that removes a month would hold up everyone else."""

from typing import Final

from shared.storage import Collection, Document

SLICE: Final = 500


async def remove_matching(collection: Collection, query: Document) -> int:
    """Remove what matches, `SLICE` documents per command; returns how many. Raises `Unavailable`."""
    n_removed = 0
    while True:
        found = await collection.find(query, fields=("_id",), limit=SLICE)
        if found:
            n_removed += await collection.delete({"_id": {"$in": [document["_id"] for document in found]}})
        if len(found) < SLICE:
            return n_removed
