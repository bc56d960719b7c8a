"""A schedule as it is stored, and the ways it moves on."""

from enum import StrEnum

import msgspec

from services.scheduler.domain.misfire import MisfirePolicy
from shared.jobs import ExecutionMode
from shared.kernel.errors import Conflict, NotFound

_MS_PER_SECOND = 1_000


class OverlapPolicy(StrEnum):
    """What happens at a due time while the job of an earlier one has not finished (clarifications 18)."""

    ALLOW = "allow"
    """It runs beside it."""
    SKIP = "skip"
    """The due time passes without a job."""


class ScheduleNotFound(NotFound):
    """No such schedule in the caller's tenant."""

    code = "SCHEDULE_NOT_FOUND"


class WorkflowNotFound(NotFound):
    """No such workflow in the caller's tenant."""

    code = "WORKFLOW_NOT_FOUND"


class WorkflowGone(Conflict):
    """The schedule's workflow has been deleted, so there is nothing to run."""

    code = "WORKFLOW_GONE"


class ScheduleBusy(Conflict):
    """The schedule kept changing under this request; asking again will do."""

    code = "CONCURRENT_CHANGE"


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow and when to run it. Times in epoch milliseconds; what users sent is kept as JSON text."""

    schedule_id: str = msgspec.field(name="_id")
    tenant_id: str
    version: int
    """Counts the changes of this document; guards every one of them."""
    workflow_id: str
    workflow_name: str
    name: str
    cron: str
    timezone: str
    enabled: bool
    priority: int
    execution_mode: ExecutionMode
    misfire_policy: MisfirePolicy
    overlap_policy: OverlapPolicy
    metadata_json: str = "{}"
    next_run_ms: int | None
    """The due time to handle next; None while disabled."""
    last_due_ms: int | None = None
    """The due time handled last, whether or not a job came of it."""
    last_run_ms: int | None = None
    """When a job was created last, at a due time or by hand."""
    last_job_id: str | None = None
    """The job of the due time that ran last."""
    last_manual_job_id: str | None = None
    """The job of the run that was asked for by hand last."""
    run_count: int = 0
    """Jobs created, at due times and by hand."""
    failure_count: int = 0
    """Due times that should have created a job and could not."""
    created_ms: int
    created_by: str
    updated_ms: int
    deleted_ms: int | None = None
    """When it was deleted; what is left announces that and keeps its id from being used again for a while."""

    @property
    def earlier_job_ids(self) -> set[str]:
        """The jobs that a run now might overlap with.

        The job of the due time handled last counts even if this schedule does not name it: a replica that saw the run
        before it end may have created it while another skipped that due time.
        """
        named = {job_id for job_id in (self.last_job_id, self.last_manual_job_id) if job_id is not None}
        return named if self.last_due_ms is None else {*named, job_id_of(self.schedule_id, self.last_due_ms)}

    def is_due_at(self, due_ms: int) -> bool:
        """Whether it still waits for this due time, or for an earlier one."""
        return self.next_run_ms is not None and self.next_run_ms <= due_ms

    def has_handled(self, due_ms: int) -> bool:
        """Whether this due time, or a later one, has been dealt with."""
        return self.last_due_ms is not None and self.last_due_ms >= due_ms

    def enable(self, next_run_ms: int | None, now_ms: int) -> "Schedule":
        """Fires from `next_run_ms` on."""
        return self._changed(now_ms, enabled=True, next_run_ms=next_run_ms)

    def disable(self, now_ms: int) -> "Schedule":
        """Fires no more."""
        return self._changed(now_ms, enabled=False, next_run_ms=None)

    def delete(self, now_ms: int) -> "Schedule":
        """Gone for its tenant, and fires no more."""
        return self._changed(now_ms, enabled=False, next_run_ms=None, deleted_ms=now_ms)

    def fire(self, due_ms: int, job_id: str, next_run_ms: int | None, now_ms: int) -> "Schedule":
        """The due time has its job."""
        return self._changed(
            now_ms,
            next_run_ms=next_run_ms,
            last_due_ms=due_ms,
            last_run_ms=now_ms,
            last_job_id=job_id,
            run_count=self.run_count + 1,
        )

    def run_by_hand(self, job_id: str, now_ms: int) -> "Schedule":
        """A job was asked for; what is due stays as it is."""
        return self._changed(now_ms, last_run_ms=now_ms, last_manual_job_id=job_id, run_count=self.run_count + 1)

    def skip(self, due_ms: int, next_run_ms: int | None, now_ms: int) -> "Schedule":
        """The due time passes without a job."""
        return self._changed(now_ms, next_run_ms=next_run_ms, last_due_ms=due_ms)

    def fail(self, due_ms: int, next_run_ms: int | None, now_ms: int) -> "Schedule":
        """The due time could not get its job."""
        return self._changed(now_ms, next_run_ms=next_run_ms, last_due_ms=due_ms, failure_count=self.failure_count + 1)

    def _changed(self, now_ms: int, **fields: object) -> "Schedule":
        return msgspec.structs.replace(self, version=self.version + 1, updated_ms=now_ms, **fields)


def job_id_of(schedule_id: str, due_ms: int) -> str:
    """The id of a due time's job: fixed, so that of many replicas only one can create it. At most 64 characters."""
    return f"sched_{schedule_id}_{due_ms // _MS_PER_SECOND}"
