"""What a client missed since the number it names, as far as it is still retained."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.sequence import Numbers
from services.metrics.ports import ActivityStore, Kinds
from services.metrics.use_cases.live.feeds import Following

PAGE: Final = 200
CLOSE_BEHIND: Final = 200
"""So few numbers behind, a client is let into the live frames, which then wait for it while it reads the rest."""
READS_AT_ONCE: Final = 2
"""When a process stopped, hundreds of clients come back at the same moment: they take turns at the store, which others
need too."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a client goes on."""

    since: int
    """What it asked for."""
    after: int
    """The number that what it gets follows."""
    until: int
    """Where the live frames stood when it came."""
    complete: bool
    """Whether all that it missed is retained."""
    oldest: int | None
    """The first number that is retained, or None."""


class Replay:
    """Reads missed events page by page: as fast as the client takes them, never more than a page in memory."""

    def __init__(self, activity: ActivityStore) -> None:
        self._activity = activity
        self._turns = asyncio.Semaphore(READS_AT_ONCE)

    async def resumption(self, tenant_id: str, since: int, following: Following) -> Resumption:
        """Where a client that comes back with `since` goes on. Raises `Unavailable`.

        A `since` beyond the tenant's last event is of data that is gone: it goes on with what comes.
        """
        async with self._turns:
            oldest = await self._activity.oldest_number(tenant_id)
        if since > following.position:
            async with self._turns:
                last = await self._activity.last_number(tenant_id)
            if since > last:
                return Resumption(since, following.position, following.position, complete=False, oldest=oldest)
            await following.feed.reach(since)
        position = following.position
        if since >= position:
            return Resumption(since, position, position, complete=True, oldest=oldest)
        if oldest is None:
            return Resumption(since, position, position, complete=False, oldest=None)
        after = min(max(since, oldest - 1), position)
        return Resumption(since, after, position, complete=since + 1 >= oldest, oldest=oldest)

    async def count(self, tenant_id: str, resumption: Resumption, kinds: Kinds | None) -> int:
        """How many events of these kinds it missed that are retained. Raises `Unavailable`."""
        if resumption.after >= resumption.until:
            return 0
        numbers = Numbers(resumption.after + 1, resumption.until)
        async with self._turns:
            return await self._activity.count_numbered(tenant_id, numbers, kinds=kinds)

    async def missed(
        self, tenant_id: str, after: int, following: Following, kinds: Kinds | None
    ) -> AsyncIterator[Sequence[ActivityEntry]]:
        """The events after number `after`, in pages, until the live frames, joined on the way, go on from there.

        The client is let in only once it is close behind: what comes in while it reads a long history would
        otherwise wait in its queue, and run over.
        """
        while following.position - after > CLOSE_BEHIND:
            page = await self._page(tenant_id, Numbers(after + 1, following.position), kinds)
            yield page.entries
            after = page.until
        position = following.join()
        while after < position:
            page = await self._page(tenant_id, Numbers(after + 1, position), kinds)
            yield page.entries
            after = page.until

    async def _page(self, tenant_id: str, numbers: Numbers, kinds: Kinds | None) -> "_Page":
        async with self._turns:
            entries = await self._activity.numbered(tenant_id, numbers, limit=PAGE, kinds=kinds)
        return _Page(entries, entries[-1].seq if len(entries) == PAGE else numbers.last)


@dataclass(frozen=True, slots=True)
class _Page:
    entries: Sequence[ActivityEntry]
    until: int
    """Up to this number nothing was left out."""
