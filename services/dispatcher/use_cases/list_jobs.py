"""A user looks through the tenant's jobs."""

from dataclasses import replace

from services.dispatcher.domain.page import Page, page_of
from services.dispatcher.ports import JobHistory
from shared.jobs.history import JobQuery


class ListJobs:
    """Pages through jobs, newest first; a job submitted meanwhile shifts no page."""

    def __init__(self, history: JobHistory) -> None:
        self._history = history

    async def __call__(self, *, query: JobQuery) -> Page:
        """The page asked for, its jobs without variables and results. Raises `Unavailable`."""
        found = await self._history.newest(replace(query, limit=query.limit + 1))
        return page_of(found, query.limit, lambda job: job.place)
