"""Requests and answers of the schedule routes (contract, Schedule Endpoints; clarifications 17 and 18)."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from services.scheduler.domain.misfire import MisfirePolicy
from services.scheduler.domain.schedule import OverlapPolicy, Schedule
from services.scheduler.use_cases.create_schedule import NewSchedule
from shared.jobs import ExecutionMode
from shared.kernel.clock import to_datetime, to_optional_datetime
from shared.web.text import Text

Priority = Annotated[int, Field(strict=True, ge=0, le=20)]
Flag = Annotated[bool, Field(strict=True)]

_REQUEST: Final = {
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "schedule_name": "Daily Invoice Processing",
    "cron_expression": "0 9 * * 1-5",
    "timezone": "Europe/Berlin",
    "enabled": True,
    "priority": 10,
    "execution_mode": "lan",
    "misfire_policy": "fire_once",
    "overlap_policy": "skip",
    "metadata": {"workflow_name": "Invoice Processing"},
}
_SCHEDULE_ID: Final = "770e8400-e29b-41d4-a716-446655440002"


def _example(**fields: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class CreateScheduleRequest(BaseModel):
    """A workflow and when to run it."""

    model_config = _example(**_REQUEST)

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

    model_config = _example(**_REQUEST, schedule_id=_SCHEDULE_ID, created_by="admin")

    schedule_id: str = Field(description="fixed by the caller, so that asking again finds the first")
    created_by: str = Field("", max_length=255)


class PreviewRequest(BaseModel):
    """A cron expression to check."""

    model_config = _example(cron_expression="0 9 * * 1-5", timezone="Europe/Berlin")

    cron_expression: str
    timezone: str = "UTC"


class PreviewResponse(BaseModel):
    """When a schedule made now would run first."""

    next_run: datetime | None


class ScheduleResponse(BaseModel):
    """A schedule."""

    model_config = _example(
        **_REQUEST,
        schedule_id=_SCHEDULE_ID,
        next_run="2025-01-16T08:00:00Z",
        last_run=None,
        run_count=0,
        failure_count=0,
        created_at="2025-01-15T10:30:00Z",
        updated_at="2025-01-15T10:30:00Z",
    )

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
    next_run: datetime | None = Field(description="null while disabled")
    last_run: datetime | None = Field(description="when a job was created last, at a due time or by hand")
    run_count: int = Field(description="jobs created, at due times and by hand")
    failure_count: int = Field(
        description="due times that could get no job; a schedule whose workflow is gone is disabled by the first"
    )
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

    model_config = _example(
        schedule_id=_SCHEDULE_ID,
        schedule_name="Daily Invoice Processing",
        workflow_id=_REQUEST["workflow_id"],
        workflow_name="Invoice Processing",
        next_run="2025-01-16T08:00:00Z",
        type="cron",
        status="active",
    )

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


class DeletedResponse(BaseModel):
    """A schedule is gone."""

    model_config = _example(status="success", message=f"Schedule deleted: {_SCHEDULE_ID}")

    status: Literal["success"] = "success"
    message: str

    @classmethod
    def of(cls, schedule: Schedule) -> "DeletedResponse":
        """The answer for the schedule that went."""
        return cls(message=f"Schedule deleted: {schedule.schedule_id}")


class TriggeredResponse(BaseModel):
    """A run was asked for, and its job exists."""

    model_config = _example(
        status="success",
        message=f"Schedule triggered: {_SCHEDULE_ID}",
        job_id="manual_770e8400_abc12345",
        triggered_via="direct",
    )

    status: Literal["success"] = "success"
    message: str
    job_id: str
    triggered_via: Literal["apscheduler", "direct", "event"] = Field(
        "direct", description="`direct`: the job was created before this answer; the others are never used"
    )

    @classmethod
    def of(cls, schedule_id: str, job_id: str) -> "TriggeredResponse":
        """The answer for the schedule whose run got this job."""
        return cls(message=f"Schedule triggered: {schedule_id.lower()}", job_id=job_id)


class DeletedCountResponse(BaseModel):
    """How many schedules were deleted."""

    deleted: int
