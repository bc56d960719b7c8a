"""Delete the schedules of a workflow that is deleted (contract, `DELETE /workflows/{workflow_id}`)."""

import asyncio
from typing import Final

from services.scheduler.domain.identifiers import parse_uuid
from services.scheduler.domain.schedule import Schedule, ScheduleNotFound
from services.scheduler.ports import Schedules
from services.scheduler.use_cases.delete_schedule import DeleteSchedule

AT_ONCE: Final = 64


class DeleteSchedulesOfWorkflow:
    """Repeatable: what was cut short is finished by the next call, or by the event of the workflow's deletion."""

    def __init__(self, schedules: Schedules, delete: DeleteSchedule) -> None:
        self._schedules = schedules
        self._delete = delete

    async def __call__(self, *, tenant_id: str, workflow_id: str) -> int:
        """How many schedules this call deleted. Raises `Invalid`, `ScheduleBusy`, `Unavailable`.

        A schedule that is being created at this moment may be missed; it disables itself when it finds no workflow.
        """
        wanted = parse_uuid("workflow_id", workflow_id)
        n_deleted = 0
        while found := await self._schedules.find(tenant_id, workflow_id=wanted, enabled=None, limit=AT_ONCE):
            n_deleted += sum(await asyncio.gather(*map(self._delete_one, found)))
        return n_deleted

    async def _delete_one(self, schedule: Schedule) -> bool:
        try:
            await self._delete(tenant_id=schedule.tenant_id, schedule_id=schedule.schedule_id)
        except ScheduleNotFound:  # somebody else was faster
            return False
        return True
