"""Events of the scheduler."""

from typing import ClassVar

from shared.events.envelope import EventData


class ScheduleEvent(EventData, frozen=True):
    """What every schedule event carries."""

    SOURCE: ClassVar[str] = "scheduler"

    schedule_id: str
    schedule_name: str
    workflow_id: str
    next_run_ms: int | None = None


class ScheduleCreated(ScheduleEvent, frozen=True):
    """A schedule was stored."""

    TYPE: ClassVar[str] = "schedule.created"


class ScheduleEnabled(ScheduleEvent, frozen=True):
    """A schedule fires again from now on."""

    TYPE: ClassVar[str] = "schedule.enabled"


class ScheduleDisabled(ScheduleEvent, frozen=True):
    """A schedule fires no more; `reason` is empty when a user wanted that."""

    TYPE: ClassVar[str] = "schedule.disabled"
    reason: str = ""


class ScheduleDeleted(ScheduleEvent, frozen=True):
    """A schedule is gone: a user deleted it, or its workflow."""

    TYPE: ClassVar[str] = "schedule.deleted"


class ScheduleTriggered(ScheduleEvent, frozen=True):
    """A user asked for a run beside the due times; its job exists."""

    TYPE: ClassVar[str] = "schedule.triggered"
    job_id: str = ""


class ScheduleFired(ScheduleEvent, frozen=True):
    """A due time created its job and the schedule moved on."""

    TYPE: ClassVar[str] = "schedule.fired"
    job_id: str = ""
    due_ms: int = 0
