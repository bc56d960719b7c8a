"""What the scheduler reads from its environment."""

from pydantic import Field

from shared.config import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """Settings of the scheduler."""

    port: int = Field(8004, ge=0, le=65535)
    scheduler_poll_seconds: float = Field(
        2.0, gt=0, le=60, description="how often to look for due schedules beside the wake-ups"
    )
    scheduler_misfire_grace_seconds: int = Field(
        60, ge=1, le=86_400, description="how late a due time may run before the misfire policy decides about it"
    )
    scheduler_batch: int = Field(500, ge=1, le=10_000, description="due schedules read at once")
