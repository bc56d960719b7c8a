"""Requests and answers of the schedule routes (contract, Schedule Endpoints; clarifications 17 and 18)."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, Field

from services.scheduler.domain.misfire import MisfirePolicy
from services.scheduler.domain.schedule import OverlapPolicy, Schedule
from services.scheduler.use_cases.create_schedule import NewSchedule
from shared.jobs import ExecutionMode
from shared.kernel.clock import to_datetime, to_optional_datetime
from shared.web.text import Text

Priority = Annotated[int, Field(strict=True, ge=0, le=20)]
Flag = Annotated[bool, Field(strict=True)]


class CreateScheduleRequest(BaseModel):
    """A workflow and when to run it."""

    workflow_id: str = Field(description="UUID of the workflow")
    schedule_name: Text = Field(min_length=1, max_length=255)
    cron_expression: str = Field(description="five fields, names and `@hourly`-style aliases; 0 and 7 are Sunday")
    timezone: str = Field("UTC", description="IANA name of the zone the expression is meant in")
    enabled: Flag = True
    priority: Priority = Field(10, description="0 is the highest")
    execution_mode: ExecutionMode = ExecutionMode.LAN
    misfire_policy: MisfirePolicy = Field(
        MisfirePolicy.FIRE_ONCE, description="what to do about due times missed while no scheduler was up"
    )
    overlap_policy: OverlapPolicy = Field(
        OverlapPolicy.ALLOW, description="what to do at a due time while the previous job has not finished"
    )
    metadata: dict[str, Any] | None = None

    def new_schedule(self) -> NewSchedule:
        """The request as the use case takes it."""
        return NewSchedule(
            workflow_id=self.workflow_id,
            name=self.schedule_name,
            cron=self.cron_expression,
            timezone=self.timezone,
            enabled=self.enabled,
            priority=self.priority,
            execution_mode=self.execution_mode,
            misfire_policy=self.misfire_policy,
            overlap_policy=self.overlap_policy,
            metadata=self.metadata or {},
        )


class InternalScheduleRequest(CreateScheduleRequest):
    """A schedule that another service makes for a user."""

    schedule_id: str = Field(description="fixed by the caller, so that asking again finds the first")
    created_by: str = Field("", max_length=255)


class PreviewRequest(BaseModel):
    """A cron expression to check."""

    cron_expression: str
    timezone: str = "UTC"


class PreviewResponse(BaseModel):
    """When a schedule made now would run first."""

    next_run: datetime | None


class ScheduleResponse(BaseModel):
    """A schedule."""

    schedule_id: str
    workflow_id: str
    schedule_name: str
    cron_expression: str
    timezone: str
    enabled: bool
    priority: int
    execution_mode: ExecutionMode
    misfire_policy: MisfirePolicy
    overlap_policy: OverlapPolicy
    metadata: dict[str, Any]
    next_run: datetime | None
    last_run: datetime | None
    run_count: int
    failure_count: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, schedule: Schedule) -> "ScheduleResponse":
        """The answer that shows `schedule`."""
        return cls(
            schedule_id=schedule.schedule_id,
            workflow_id=schedule.workflow_id,
            schedule_name=schedule.name,
            cron_expression=schedule.cron,
            timezone=schedule.timezone,
            enabled=schedule.enabled,
            priority=schedule.priority,
            execution_mode=schedule.execution_mode,
            misfire_policy=schedule.misfire_policy,
            overlap_policy=schedule.overlap_policy,
            metadata=msgspec.json.decode(schedule.metadata_json),
            next_run=to_optional_datetime(schedule.next_run_ms),
            last_run=to_optional_datetime(schedule.last_run_ms),
            run_count=schedule.run_count,
            failure_count=schedule.failure_count,
            created_at=to_datetime(schedule.created_ms),
            updated_at=to_datetime(schedule.updated_ms),
        )


class UpcomingResponse(BaseModel):
    """The next run of a schedule."""

    schedule_id: str
    schedule_name: str
    workflow_id: str
    workflow_name: str
    next_run: datetime | None
    type: Literal["cron"] = "cron"
    status: Literal["active"] = "active"

    @classmethod
    def of(cls, schedule: Schedule) -> "UpcomingResponse":
        """The answer that shows the next run of `schedule`."""
        return cls(
            schedule_id=schedule.schedule_id,
            schedule_name=schedule.name,
            workflow_id=schedule.workflow_id,
            workflow_name=schedule.workflow_name,
            next_run=to_optional_datetime(schedule.next_run_ms),
        )
