# Made from `casare/_async/watching.py` by `docs/generate_sync_client.py`. Do not edit.
"""Looking at many jobs with few calls, for all who wait at the same time."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from casare._address import segment
from casare._calls import get
from casare._outage import PASSING, PATIENCE_SECONDS, pause_seconds
from casare._pacing import Allowance
from casare._sync.exchange import LEAST_SECONDS
from casare._sync.session import Session
from casare._sync.timing import Lock, take_turn
from casare.errors import NotFound
from casare.models.jobs import JobPage, JobRecord

PAGE_SIZE: Final = 500
_FEW: Final = 2
_DETAILS_A_LOOK: Final = 20
_JOBS_PER_PAGE: Final = 2
"""A page is read as long as it may spare at least so many single calls."""

log = logging.getLogger("casare")


class Watcher:
    """What is known of the jobs that are waited for. One look serves all who wait.

    A single job is read by itself. Many are found on the pages of `GET /jobs`, newest first, narrowed to their workflow
    when they have one in common; those that are not among the newest are read by themselves.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turn = Lock()
        """Of the one who looks."""
        self._guard = threading.Lock()
        """Of what is below; never held while anything is waited for."""
        self._waiting: Counter[str] = Counter()
        self._workflows: dict[str, str | None] = {}
        self._known: dict[str, JobRecord] = {}
        self._gone: dict[str, NotFound] = {}
        self._asked_at: dict[str, float] = {}
        self._looked_at = float("-inf")
        self._rest_until = float("-inf")
        self._allowance = Allowance()
        self._answered_at = time.monotonic()

    def begin(self, jobs: Mapping[str, str | None]) -> None:
        """Somebody waits for these; the values are their workflows, None where unknown."""
        with self._guard:
            if not self._waiting:
                self._answered_at = time.monotonic()
            self._waiting.update(jobs.keys())
            self._workflows |= {job_id: workflow for job_id, workflow in jobs.items() if workflow is not None}

    def end(self, jobs: Iterable[str]) -> None:
        """Somebody waits no more."""
        with self._guard:
            self._waiting -= Counter(iter(jobs))
            for kept in (self._known, self._workflows, self._gone, self._asked_at):
                _keep_only(kept, self._waiting.keys())

    def look(self, jobs: AbstractSet[str], not_older_than: float, until: float) -> dict[str, JobRecord]:
        """What is known of `jobs` after a look that began at `not_older_than` (monotonic) or later, or that the limits
        or `until` left no room for. Raises what the server refuses, and what lasts for longer than a minute."""
        if take_turn(self._turn, _left(until)):
            try:
                now = time.monotonic()
                if self._looked_at < not_older_than and now >= self._rest_until:
                    self._look(now, until)
            finally:
                self._turn.release()
        with self._guard:
            for job_id in self._gone.keys() & jobs:
                raise self._gone[job_id]
            return {job_id: self._known[job_id] for job_id in jobs if job_id in self._known}

    def _look(self, now: float, until: float) -> None:
        missing = self._missing()
        n_pages = n_details = 0
        try:
            if len(missing) > _FEW:
                n_pages = self._read_pages(missing, until)
            n_details = self._read_details(missing, now, until)
        except PASSING as error:
            if now - self._answered_at > PATIENCE_SECONDS:
                raise
            self._rest_until = time.monotonic() + pause_seconds(error)
            log.warning("cannot look at the jobs, going on: %s", error)
            return
        self._looked_at = now
        self._answered_at = time.monotonic()
        self._rest_until = self._allowance.rest_until(now, n_pages=n_pages, n_details=n_details)

    def _missing(self) -> set[str]:
        """Jobs that are waited for and may still change."""
        with self._guard:
            ended = {job_id for job_id, record in self._known.items() if record.has_ended}
            return self._waiting.keys() - ended - self._gone.keys()

    def _keep(self, found: Mapping[str, JobRecord]) -> None:
        with self._guard:
            self._known |= {job_id: record for job_id, record in found.items() if job_id in self._waiting}

    def _read_pages(self, missing: set[str], until: float) -> int:
        """How many pages were read; what they held is known, and not `missing` any more."""
        workflows = {self._workflows.get(job_id) for job_id in missing}
        only = workflows.pop() if len(workflows) == 1 else None
        n_pages, cursor = 0, None
        while len(missing) > _JOBS_PER_PAGE and n_pages <= len(missing) // _JOBS_PER_PAGE:
            params = {"workflow_id": only, "limit": PAGE_SIZE, "cursor": cursor}
            page = self._session.call(get("/jobs", JobPage, params), _left(until))
            n_pages += 1
            found = {record.job_id: record for record in page.items if record.job_id in missing}
            self._keep(found)
            missing.difference_update(found)
            cursor = page.next_cursor
            if cursor is None:
                break
        return n_pages

    def _read_details(self, missing: set[str], now: float, until: float) -> int:
        """How many jobs were read by themselves: those that were so read the longest time ago."""
        chosen = sorted(missing, key=lambda job_id: self._asked_at.get(job_id, float("-inf")))[:_DETAILS_A_LOOK]
        for job_id in chosen:
            self._asked_at[job_id] = now
            try:
                call = get(f"/jobs/{segment(job_id)}", JobRecord)
                self._keep({job_id: self._session.call(call, _left(until))})
            except NotFound as error:  # told to those alone who wait for it
                self._gone[job_id] = error
        return len(chosen)


def _left(until: float) -> float:
    """Seconds until then; a look that is late has time for one answer all the same."""
    return max(LEAST_SECONDS, until - time.monotonic())


def _keep_only(kept: dict[str, Any], wanted: AbstractSet[str]) -> None:
    for gone in kept.keys() - wanted:
        del kept[gone]
