"""What the metrics service reads from its environment."""

from typing import Self

from pydantic import Field, model_validator

from shared.config import ServiceSettings
from shared.jobs.fleet import OFFLINE_AFTER_SECONDS_DEFAULT


class MetricsSettings(ServiceSettings):
    """Settings of the metrics service."""

    port: int = Field(8005, ge=0, le=65535)
    event_linger_seconds: float = Field(
        0.05, ge=0, le=1, description="how long an event may wait to be stored together with others"
    )
    robot_offline_after_seconds: float = Field(
        OFFLINE_AFTER_SECONDS_DEFAULT, gt=0, description="silence after which a robot is offline"
    )
    activity_retention_days: int = Field(30, ge=1, le=3_650, description="how long the event trail is kept")
    job_facts_retention_days: int = Field(
        30, ge=1, le=3_650, description="how long a finished job is remembered, so that a repeated event counts once"
    )
    rollup_retention_days: int = Field(
        120,
        ge=2,
        le=3_650,
        description="how long daily figures are kept; below 91, analytics of 90 days miss the first ones",
    )
    roll_up_every_seconds: float = Field(
        1.0, gt=0, le=60, description="pause between two rounds that add new facts to the rollups"
    )

    @property
    def robot_offline_after_ms(self) -> int:
        """`robot_offline_after_seconds` in milliseconds."""
        return int(self.robot_offline_after_seconds * 1000)

    @model_validator(mode="after")
    def rollups_outlive_facts(self) -> Self:
        """A fact may only meet rollups that are still there, else a removed day would come back nearly empty."""
        if self.rollup_retention_days <= self.job_facts_retention_days:
            raise ValueError("CASARE_ROLLUP_RETENTION_DAYS must exceed CASARE_JOB_FACTS_RETENTION_DAYS")
        return self
