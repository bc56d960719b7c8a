"""Walking through a collection by a time in its documents, a page at a time."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from shared.storage import Collection, Document

PAGE: Final = 250
"""Jobs come with their results, which may be large."""


async def walk(
    collection: Collection, field: str, from_ms: int, to_ms: int, *, fields: Sequence[str] = ()
) -> AsyncIterator[list[Document]]:
    """Documents whose `field` is in [`from_ms`, `to_ms`), each once, in pages; `field` must be indexed.

    A page begins at the moment where the last one ended, and leaves out what that one had of it: so nothing is missed
    however many documents share a moment. Raises `Unavailable`.
    """
    at_ms: int = from_ms
    seen: set[str] = set()
    while True:
        query = {field: {"$gte": at_ms, "$lt": to_ms}}
        found = await collection.find(query, sort=[(field, 1)], limit=PAGE + len(seen), fields=fields)
        new = [document for document in found if document["_id"] not in seen]
        if not new:
            return
        yield new
        at_ms = found[-1][field]
        seen = {document["_id"] for document in found if document[field] == at_ms}
