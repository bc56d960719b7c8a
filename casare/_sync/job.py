# Made from `casare/_async/job.py` by `docs/generate_sync_client.py`. Do not edit.
"""A job that was submitted, as something to wait for, read and act on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from casare._address import segment
from casare._calls import act, create, get
from casare._outcome import outcome_of
from casare._pacing import Pace
from casare._sync.logs import follow_log, read_log
from casare._sync.session import Session
from casare._sync.waiting import wait_for
from casare._sync.watching import Watcher
from casare.models import Cancellation, Explanation, JobRecord, LogEntry
from casare.models.jobs import Retried
from casare.progress import Progress


@dataclass(frozen=True, slots=True)
class Work:
    """What the handles of one client have in common."""

    session: Session
    watcher: Watcher

    def pace(self) -> Pace:
        """The pauses of one who waits."""
        return Pace(self.session.exchange.rng)


class Job:
    """A handle on one job. `record` is what was last heard of it; nothing is asked for until a method is called."""

    def __init__(self, work: Work, job_id: str, record: JobRecord | None = None) -> None:
        self._work = work
        self._path = f"/jobs/{segment(job_id)}"
        self.id = job_id
        self.record = record

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, status={self.status!r})"

    @property
    def status(self) -> str | None:
        """The state when it was last heard of; None before the first `refresh` of a handle made from an id alone."""
        return None if self.record is None else self.record.status

    def refresh(self) -> JobRecord:
        """The job as it is now. Raises NotFound."""
        self.record = self._work.session.call(get(self._path, JobRecord))
        return self.record

    def wait(
        self,
        *,
        timeout: float | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> JobRecord:
        """The job once it has ended, however it ended. Many that wait at the same time share their calls.

        Raises WaitTimedOut after `timeout` seconds, and ConnectionFailed when the server is gone for over a minute.
        """
        if self.record is None or not self.record.has_ended:
            workflow = None if self.record is None else self.record.workflow_id
            ended = wait_for(
                self._work.watcher,
                {self.id: workflow},
                pace=self._work.pace(),
                timeout=timeout,
                on_progress=on_progress,
            )
            self.record = ended[self.id]
        return self.record

    def result(self, *, timeout: float | None = None) -> dict[str, Any]:
        """The result, once the job has completed. Raises JobFailed, JobCancelled, JobTimedOut, and what `wait` does."""
        record = self.wait(timeout=timeout)
        if record.result is None and record.status == "completed":  # found in a list, which has no results
            record = self.refresh()
        return outcome_of(record)

    def logs(
        self, *, follow: bool = False, level: str = "debug", search: str = "", node_id: str | None = None
    ) -> Iterator[LogEntry]:
        """The lines of the log, oldest first; with `follow`, also those to come, until the job has ended.

        `level` is the least severity: `debug`, `info`, `warning`, `error` or `critical`.
        """
        params = {"level": level, "search": search, "node_id": node_id}
        read = follow_log if follow else read_log
        return read(self._work.session, self._path, params, self._work.pace())

    def cancel(self) -> Cancellation:
        """Cancels, at once and for good; the robot is told. Raises NotFound."""
        return self._work.session.call(act(f"{self._path}/cancel", Cancellation))

    def retry(self, *, idempotency_key: str | None = None) -> "Job":
        """A new job with the same work, once this one has failed, timed out or been cancelled. Raises InvalidInput."""
        call = create(f"{self._path}/retry", Retried, key=idempotency_key)
        return Job(self._work, (self._work.session.call(call)).new_job_id)

    def explain(self) -> Explanation:
        """Why it waits: no robot has a capability, all are busy, its time has not come …"""
        return self._work.session.call(get(f"{self._path}/explain", Explanation))
