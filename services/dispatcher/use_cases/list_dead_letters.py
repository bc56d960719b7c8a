"""A user looks through the dead letters."""

from dataclasses import replace

from services.dispatcher.domain.page import Page, page_of
from services.dispatcher.ports import DeadLetterQuery, DeadLetters


class ListDeadLetters:
    """Pages through dead letters, last ended first."""

    def __init__(self, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters

    async def __call__(self, *, query: DeadLetterQuery) -> Page:
        """The page asked for. Raises `Unavailable`."""
        found = await self._dead_letters.newest(replace(query, limit=query.limit + 1))
        return page_of(found, query.limit, lambda job: job.dead_place)
