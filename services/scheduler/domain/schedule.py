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
    """When a job was created last."""
    last_job_id: str | None = None
    run_count: int = 0
    """Due times that created a job."""
    failure_count: int = 0
    """Due times that should have created a job and could not."""
    created_ms: int
    created_by: str
    updated_ms: int

    def enable(self, next_run_ms: int | None, now_ms: int) -> "Schedule":
        """Fires from `next_run_ms` on."""
        return self._changed(now_ms, enabled=True, next_run_ms=next_run_ms)

    def disable(self, now_ms: int) -> "Schedule":
        """Fires no more."""
        return self._changed(now_ms, enabled=False, next_run_ms=None)

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
