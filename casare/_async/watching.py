"""Looking at many jobs with few calls, for all who wait at the same time."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from casare._address import segment
from casare._async.session import AsyncSession
from casare._async.timing import Lock
from casare._calls import get
from casare._pacing import cost_seconds
from casare.errors import ConnectionFailed, NotFound, RateLimited, Unavailable
from casare.models.jobs import JobPage, JobRecord

PATIENCE_SECONDS: Final = 60.0
"""A server that restarts is waited for; one that is gone for longer ends the wait, not the job."""
PAGE_SIZE: Final = 500
_FEW: Final = 2
_DETAILS_A_LOOK: Final = 20
_JOBS_PER_PAGE: Final = 2
"""A page is read as long as it may spare at least so many single calls."""

log = logging.getLogger("casare")


class AsyncWatcher:
    """What is known of the jobs that are waited for. One look serves all who wait.

    A single job is read by itself. Many are found on the pages of `GET /jobs`, newest first, narrowed to their workflow
    when they have one in common; those that are not among the newest are read by themselves.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._turn = Lock()
        self._waiting: Counter[str] = Counter()
        self._workflows: dict[str, str | None] = {}
        self._known: dict[str, JobRecord] = {}
        self._gone: dict[str, NotFound] = {}
        self._asked_at: dict[str, float] = {}
        self._looked_at = float("-inf")
        self._rest_until = float("-inf")
        self._answered_at = time.monotonic()

    async def begin(self, jobs: Mapping[str, str | None]) -> None:
        """Somebody waits for these; the values are their workflows, None where unknown."""
        async with self._turn:
            if not self._waiting:
                self._answered_at = time.monotonic()
            self._waiting.update(jobs.keys())
            self._workflows |= {job_id: workflow for job_id, workflow in jobs.items() if workflow is not None}

    async def end(self, jobs: Iterable[str]) -> None:
        """Somebody waits no more."""
        async with self._turn:
            self._waiting -= Counter(iter(jobs))
            for kept in (self._known, self._workflows, self._gone, self._asked_at):
                _keep_only(kept, self._waiting.keys())

    async def look(self, jobs: AbstractSet[str], not_older_than: float) -> dict[str, JobRecord]:
        """What is known of `jobs` after a look that began at `not_older_than` (monotonic) or later, or that the
        limits did not leave room for. Raises what the server refuses, and what lasts for longer than a minute."""
        async with self._turn:
            now = time.monotonic()
            if self._looked_at < not_older_than and now >= self._rest_until:
                await self._look(now)
            for job_id in self._gone.keys() & jobs:
                raise self._gone[job_id]
            return {job_id: self._known[job_id] for job_id in jobs if job_id in self._known}

    async def _look(self, now: float) -> None:
        ended = {job_id for job_id, record in self._known.items() if record.has_ended}
        missing = self._waiting.keys() - ended - self._gone.keys()
        n_pages = n_details = 0
        try:
            if len(missing) > _FEW:
                n_pages = await self._read_pages(missing)
            n_details = await self._read_details(missing, now)
        except (ConnectionFailed, Unavailable, RateLimited) as error:
            if now - self._answered_at > PATIENCE_SECONDS:
                raise
            asked = None if isinstance(error, ConnectionFailed) else error.retry_after
            self._rest_until = time.monotonic() + min(asked or 1.0, PATIENCE_SECONDS)
            log.warning("cannot look at the jobs, going on: %s", error)
            return
        self._looked_at = now
        self._answered_at = time.monotonic()
        self._rest_until = self._answered_at + cost_seconds(n_pages, n_details)

    async def _read_details(self, missing: set[str], now: float) -> int:
        """How many jobs were read by themselves: those that were so read the longest time ago."""
        chosen = sorted(missing, key=lambda job_id: self._asked_at.get(job_id, float("-inf")))[:_DETAILS_A_LOOK]
        for job_id in chosen:
            self._asked_at[job_id] = now
            try:
                self._known[job_id] = await self._session.call(get(f"/jobs/{segment(job_id)}", JobRecord))
            except NotFound as error:  # told to those alone who wait for it
                self._gone[job_id] = error
        return len(chosen)

    async def _read_pages(self, missing: set[str]) -> int:
        """How many pages were read; what they held is known, and not `missing` any more."""
        workflows = {self._workflows.get(job_id) for job_id in missing}
        only = workflows.pop() if len(workflows) == 1 else None
        n_pages, cursor = 0, None
        while len(missing) > _JOBS_PER_PAGE and n_pages <= len(missing) // _JOBS_PER_PAGE:
            params = {"workflow_id": only, "limit": PAGE_SIZE, "cursor": cursor}
            page = await self._session.call(get("/jobs", JobPage, params))
            n_pages += 1
            found = {record.job_id: record for record in page.items if record.job_id in missing}
            self._known |= found
            missing.difference_update(found)
            cursor = page.next_cursor
            if cursor is None:
                break
        return n_pages


def _keep_only(kept: dict[str, Any], wanted: AbstractSet[str]) -> None:
    for gone in kept.keys() - wanted:
        del kept[gone]
