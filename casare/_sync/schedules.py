# Made from `casare/_async/schedules.py` by `docs/generate_sync_client.py`. Do not edit.
"""Schedules: `client.schedules`."""

from collections.abc import Mapping, Sequence
from typing import Any

from casare._address import segment
from casare._calls import ListOf, create, delete, fields, get, new_key, put
from casare._submitting import workflow_id_of
from casare._sync.job import Job, Work
from casare.models import DueTime, Model, Schedule, WorkflowSummary
from casare.models.schedules import Triggered


class Schedules:
    """When workflows run by themselves."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def create(
        self,
        workflow: str | WorkflowSummary,
        name: str,
        cron: str,
        *,
        timezone: str | None = None,
        enabled: bool | None = None,
        priority: int | None = None,
        execution_mode: str | None = None,
        misfire_policy: str | None = None,
        overlap_policy: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Schedule:
        """A schedule of a stored workflow. `cron` has five fields, meant in `timezone` (an IANA name; default UTC).

        `misfire_policy`: `fire_once`, `skip` or `fire_all`; `overlap_policy`: `allow` or `skip`. Raises InvalidInput
        for an expression that is none or is never due, NotFound for an unknown workflow.
        """
        body = fields(
            workflow_id=workflow_id_of(workflow),
            schedule_name=name,
            cron_expression=cron,
            timezone=timezone,
            enabled=enabled,
            priority=priority,
            execution_mode=execution_mode,
            misfire_policy=misfire_policy,
            overlap_policy=overlap_policy,
            metadata=metadata,
        )
        return self._work.session.call(create("/schedules", Schedule, body, idempotency_key))

    def get(self, schedule_id: str) -> Schedule:
        """The schedule. Raises NotFound."""
        return self._work.session.call(get(f"/schedules/{segment(schedule_id)}", Schedule))

    def list(
        self, *, workflow_id: str | None = None, enabled: bool | None = None, limit: int = 1000
    ) -> Sequence[Schedule]:
        """Schedules that match, at most `limit` (1 to 1,000): the server has no further pages of them."""
        params = {"workflow_id": workflow_id, "enabled": enabled, "limit": limit}
        return self._work.session.call(get("/schedules", ListOf[Schedule], params))

    def upcoming(self, *, workflow_id: str | None = None, limit: int = 20) -> Sequence[DueTime]:
        """The next due time of each enabled schedule, the soonest first, at most `limit` (1 to 100)."""
        params = {"workflow_id": workflow_id, "limit": limit}
        return self._work.session.call(get("/schedules/upcoming", ListOf[DueTime], params))

    def enable(self, schedule_id: str) -> Schedule:
        """It is due again from now on; what was due meanwhile stays undone. Raises NotFound."""
        return self._work.session.call(put(f"/schedules/{segment(schedule_id)}/enable", Schedule))

    def disable(self, schedule_id: str) -> Schedule:
        """It is not due any more. Raises NotFound."""
        return self._work.session.call(put(f"/schedules/{segment(schedule_id)}/disable", Schedule))

    def trigger(self, schedule_id: str, *, idempotency_key: str | None = None) -> Job:
        """The job of a run by hand, now; no due time moves. Raises NotFound, and Conflict when its workflow is gone."""
        path = f"/schedules/{segment(schedule_id)}/trigger"
        triggered = self._work.session.call(put(path, Triggered, key=idempotency_key or new_key()))
        return Job(self._work, triggered.job_id)

    def delete(self, schedule_id: str) -> None:
        """It is not due any more, for good. Raises NotFound."""
        self._work.session.call(delete(f"/schedules/{segment(schedule_id)}", Model))
