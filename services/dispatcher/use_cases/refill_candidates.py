"""The safety net of matching: reads claimable jobs from the store, whatever became of their events."""

import asyncio
from typing import Final

from services.dispatcher.domain.matching import MAX_CANDIDATES_PER_QUEUE, CandidateIndex
from services.dispatcher.ports import Jobs
from shared.jobs import Requirements
from shared.jobs.position import AFTER_ALL, parse_position

PAGE: Final = 256
PAGES_PER_ROUND: Final = 40
"""Bounds one round; a longer walk goes on in the next."""
LOW_WATER: Final = 64

Found = list[tuple[str, Requirements]]


class RefillCandidates:
    """Walks the queue's order with bounded range scans: the head of each queue, then on to the next queue.

    One look past a queue's last possible position finds the next one, so a hundred thousand jobs of one kind cost
    two small queries.
    """

    def __init__(self, jobs: Jobs, index: CandidateIndex) -> None:
        self._jobs = jobs
        self._index = index
        self._walked_to = ""
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Let the next round begin now."""
        self._asked.set()

    async def wait_asked(self, timeout_seconds: float) -> None:
        """Return when somebody asked, or after `timeout_seconds`."""
        try:
            await asyncio.wait_for(self._asked.wait(), timeout_seconds)
        except TimeoutError:
            return
        finally:
            self._asked.clear()

    async def __call__(self) -> None:
        """One round: queues that run low, then a stretch of the walk. Raises `Unavailable`."""
        for key, queue in self._index.low_queues(LOW_WATER):
            found = await self._jobs.claimable_in(key, MAX_CANDIDATES_PER_QUEUE)
            queue.is_truncated = len(found) == MAX_CANDIDATES_PER_QUEUE
            self._push(found)
        await self._walk()

    async def _walk(self) -> None:
        if self._walked_to == "":
            self._index.start_refill()
        for _ in range(PAGES_PER_ROUND):
            found = await self._jobs.claimable_after(self._walked_to, PAGE)
            self._push(found)
            if len(found) < PAGE:
                self._walked_to = ""
                self._index.forget_empty()
                return
            self._walked_to = self._next_start(found)

    def _next_start(self, page: Found) -> str:
        """Behind the page, or behind its queue when the page lies within one."""
        first, last = parse_position(page[0][0]), parse_position(page[-1][0])
        if first.key != last.key:
            return page[-1][0]
        self._index.queue(last.key, page[-1][1]).is_truncated = True
        return last.key.prefix + AFTER_ALL

    def _push(self, found: Found) -> None:
        for position, needs in found:
            self._index.push(parse_position(position), needs)
