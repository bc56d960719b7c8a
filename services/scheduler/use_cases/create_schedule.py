"""Create a schedule for a workflow of the caller's tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.scheduler.domain.identifiers import parse_uuid
from services.scheduler.domain.metadata import metadata_json
from services.scheduler.domain.misfire import MisfirePolicy
from services.scheduler.domain.schedule import OverlapPolicy, Schedule, ScheduleBusy, WorkflowNotFound
from services.scheduler.ports import Alarm, Schedules, Workflows
from services.scheduler.use_cases.first_run import first_run_ms
from shared.events.scheduler import ScheduleCreated
from shared.jobs import ExecutionMode
from shared.kernel.clock import Clock

FIRST_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """What the caller sent."""

    workflow_id: str
    name: str
    cron: str
    timezone: str
    enabled: bool
    priority: int
    execution_mode: ExecutionMode
    misfire_policy: MisfirePolicy
    overlap_policy: OverlapPolicy
    metadata: Mapping[str, Any]


class CreateSchedule:
    """One insert with its event: stored and announced, or neither. Repeating it under one id finds the first."""

    def __init__(self, schedules: Schedules, workflows: Workflows, alarm: Alarm, clock: Clock) -> None:
        self._schedules = schedules
        self._workflows = workflows
        self._alarm = alarm
        self._clock = clock

    async def __call__(self, *, tenant_id: str, created_by: str, schedule_id: str, new: NewSchedule) -> Schedule:
        """The stored schedule.

        Raises `Invalid`, `InvalidCron`, `InvalidTimezone`, `WorkflowNotFound`, `ScheduleBusy`, `Unavailable`.
        """
        workflow_id = parse_uuid("workflow_id", new.workflow_id)
        now_ms = self._clock.now_ms()
        next_run_ms = first_run_ms(new.cron, new.timezone, now_ms)
        workflow = await self._workflows.get(tenant_id, workflow_id)
        if workflow is None:
            raise WorkflowNotFound(f"There is no workflow {new.workflow_id}.")
        schedule = Schedule(
            schedule_id=schedule_id,
            tenant_id=tenant_id,
            version=FIRST_VERSION,
            workflow_id=workflow_id,
            workflow_name=workflow.name,
            name=new.name,
            cron=new.cron,
            timezone=new.timezone,
            enabled=new.enabled,
            priority=new.priority,
            execution_mode=new.execution_mode,
            misfire_policy=new.misfire_policy,
            overlap_policy=new.overlap_policy,
            metadata_json=metadata_json(new.metadata),
            next_run_ms=next_run_ms if new.enabled else None,
            created_ms=now_ms,
            created_by=created_by,
            updated_ms=now_ms,
        )
        return await self._stored(schedule)

    async def _stored(self, schedule: Schedule) -> Schedule:
        event = ScheduleCreated(
            schedule_id=schedule.schedule_id,
            schedule_name=schedule.name,
            workflow_id=schedule.workflow_id,
            next_run_ms=schedule.next_run_ms,
        )
        if await self._schedules.insert(schedule, event):
            self._alarm.no_later_than(schedule.next_run_ms)
            return schedule
        existing = await self._schedules.get(schedule.tenant_id, schedule.schedule_id)
        if existing is None:
            raise ScheduleBusy("The schedule's id is taken.")
        return existing
