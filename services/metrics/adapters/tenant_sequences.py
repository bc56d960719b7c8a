"""Each tenant's next event number: one document, moved on by compare-and-set once per write."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from shared.kernel.clock import Clock
from shared.kernel.ids import new_token
from shared.storage import Collection, Receipt, Store

SEQUENCES: Final = "activity_sequences"
MOST_REMEMBERED: Final = 10_000


class LastNumber(NamedTuple):
    """The last number given out, 0 before the first, and when that was."""

    number: int
    reserved_ms: int


class TenantSequences:
    """Gives out numbers, each once, whatever the number of replicas; one that is not used stays unused.

    A replica remembers the last number it saw: alone it moves on with one command, and where another replica was
    quicker, with a read and one more.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._documents = Collection(store, SEQUENCES)
        self._clock = clock
        self._seen: dict[str, int] = {}

    async def reserve(self, tenant_ids: Iterable[str]) -> dict[str, int]:
        """For each tenant, the first of as many numbers as it is named times. Raises `Unavailable`."""
        wanted = Counter(tenant_ids)
        firsts = await asyncio.gather(*(self._move_on(tenant_id, n) for tenant_id, n in wanted.items()))
        return dict(zip(wanted, firsts, strict=True))

    async def last(self, tenant_id: str) -> LastNumber:
        """The last number given out. Raises `Unavailable`."""
        document = await self._documents.get(tenant_id)
        return LastNumber(0, 0) if document is None else LastNumber(document["seq"], document["reserved_ms"])

    async def _move_on(self, tenant_id: str, n_numbers: int) -> int:
        seen = self._seen.get(tenant_id)
        while True:
            if seen is None:
                seen = (await self.last(tenant_id)).number
            if await self._advance(tenant_id, seen, seen + n_numbers):
                self._remember(tenant_id, seen + n_numbers)
                return seen + 1
            seen = None

    async def _advance(self, tenant_id: str, seen: int, moved_to: int) -> bool:
        mark = new_token()
        moved = {"seq": moved_to, "reserved_ms": self._clock.now_ms(), "mark": mark}
        if seen == 0:
            return await self._documents.insert({"_id": tenant_id, **moved})
        return await self._documents.update({"_id": tenant_id, "seq": seen}, {"$set": moved}, Receipt("mark", mark))

    def _remember(self, tenant_id: str, seq: int) -> None:
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        self._seen[tenant_id] = seq
