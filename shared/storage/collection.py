"""Single-document operations by `_id`, grouped: the hot path's only way to the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.storage.batcher import MAX_TOGETHER, Batcher
from shared.storage.mongo import Document, Store, translate_errors

_DUPLICATE_KEY: Final = 11000


class Absent:
    """The value of a receipt whose path must be gone afterwards."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How an update recognises its own effect: the value it leaves at `path`.

    Unique to the update (an event id, a lease token), so that reading it back proves who wrote.
    """

    path: str
    value: Any = True

    def is_in(self, document: Document) -> bool:
        """Whether `document` carries this receipt."""
        found: Any = document
        for part in self.path.split("."):
            if not isinstance(found, dict) or part not in found:
                return self.value is Absent
            found = found[part]
        return self.value is True or found == self.value


@dataclass(frozen=True, slots=True)
class GuardedUpdate:
    """A compare-and-set: `change` applies where the document `_id` still matches `guard`."""

    guard: Document
    change: Document
    receipt: Receipt


class Collection:
    """Inserts, guarded updates and reads by `_id`, each coalesced with the concurrent ones of its kind."""

    def __init__(
        self, store: Store, name: str, *, insert_linger_seconds: float = 0, read_together: int = MAX_TOGETHER
    ) -> None:
        """`insert_linger_seconds`: how long inserts may wait for others to go with, where nobody waits for them.

        `read_together`: how many documents one read may bring, where they are so large that it matters.
        """
        self.name = name
        self._store = store
        self._driver = store.collection(name)
        self._inserts: Batcher[Document, bool] = Batcher(self._insert_group, linger_seconds=insert_linger_seconds)
        self._updates: Batcher[GuardedUpdate, bool] = Batcher(self._update_group)
        self._reads: Batcher[str, Document | None] = Batcher(self._read_group, max_items=read_together)

    async def insert(self, document: Document) -> bool:
        """Store `document`; False when its `_id` (or a unique field) is taken. Raises `Unavailable`."""
        return await self._inserts.submit(document)

    async def update(self, guard: Document, change: Document, receipt: Receipt) -> bool:
        """Apply `change` to the one document that matches `guard`, which must name its `_id`.

        Returns whether it applied. Raises `Unavailable`; it may then have happened.
        """
        return await self._updates.submit(GuardedUpdate(guard, change, receipt))

    async def get(self, document_id: str) -> Document | None:
        """The document with this `_id`, or None. Raises `Unavailable`."""
        return await self._reads.submit(document_id)

    async def find(
        self,
        query: Document,
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
        skip: int = 0,
        fields: Sequence[str] = (),
    ) -> list[Document]:
        """Documents matching `query`; not for hot paths."""
        cursor = self._driver.find(query, dict.fromkeys(fields, 1) if fields else None)
        if sort:
            cursor = cursor.sort(list(sort))
        if skip:
            cursor = cursor.skip(skip)
        with translate_errors():
            return await cursor.limit(limit).to_list()

    async def count(self, query: Document) -> int:
        """How many documents match `query`."""
        return await self._store.count(self.name, query)

    async def delete(self, query: Document) -> int:
        """Delete what matches; returns how many."""
        with translate_errors():
            return (await self._driver.delete_many(query)).deleted_count

    async def _insert_group(self, documents: Sequence[Document]) -> list[bool | BaseException]:
        outcome: list[bool | BaseException] = [True] * len(documents)
        try:
            with translate_errors():
                await self._driver.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            for failure in error.details["writeErrors"]:
                taken = failure["code"] == _DUPLICATE_KEY
                outcome[failure["index"]] = False if taken else _write_error(failure)
        return outcome

    async def _update_group(self, updates: Sequence[GuardedUpdate]) -> list[bool | BaseException]:
        operations = [UpdateOne(update.guard, update.change) for update in updates]
        outcome: list[bool | BaseException] = [True] * len(updates)
        try:
            with translate_errors():
                n_matched = (await self._driver.bulk_write(operations, ordered=False)).matched_count
        except BulkWriteError as error:
            n_matched = -1
            for failure in error.details["writeErrors"]:
                outcome[failure["index"]] = _write_error(failure)
        if n_matched != len(updates):
            await self._read_receipts(updates, outcome)
        return outcome

    async def _read_receipts(self, updates: Sequence[GuardedUpdate], outcome: list[bool | BaseException]) -> None:
        """A bulk answer only says how many matched: whose they were stands in the documents."""
        if len(updates) == 1:
            if outcome[0] is True:
                outcome[0] = False
            return
        ids = list({update.guard["_id"] for update in updates})
        documents = {document["_id"]: document for document in await self.find({"_id": {"$in": ids}})}
        for position, update in enumerate(updates):
            if outcome[position] is True:
                outcome[position] = update.receipt.is_in(documents.get(update.guard["_id"], {}))

    async def _read_group(self, ids: Sequence[str]) -> list[Document | BaseException | None]:
        found = {document["_id"]: document for document in await self.find({"_id": {"$in": list(set(ids))}})}
        return [found.get(document_id) for document_id in ids]


def _write_error(failure: Document) -> Exception:
    return RuntimeError(f"the store refused a write: {failure.get('errmsg', failure.get('code'))}")
