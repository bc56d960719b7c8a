"""The dispatcher's settings."""

from typing import Final

from pydantic import Field

from shared.config import ServiceSettings
from shared.jobs.fleet import OFFLINE_AFTER_SECONDS_DEFAULT

DAY_MS: Final = 24 * 3_600_000


class DispatcherSettings(ServiceSettings):
    """`CASARE_*` variables of the dispatcher."""

    port: int = Field(8003, ge=0, le=65535)
    robot_offline_after_seconds: float = Field(
        OFFLINE_AFTER_SECONDS_DEFAULT, gt=0, description="silence after which a robot is offline"
    )
    lease_check_seconds: float = Field(1.0, gt=0, description="pause between looks for expired leases and due jobs")
    refill_seconds: float = Field(2.0, gt=0, description="pause between refills of the candidates")
    robot_accept_seconds: int = Field(
        10, ge=1, le=60, description="how long a robot on a socket may take to accept a job that was pushed to it"
    )
    robot_lease_seconds: int = Field(
        60, ge=5, le=3600, description="lease of an accepted job on a socket; heartbeats and progress renew it"
    )
    robot_heartbeat_seconds: int = Field(
        30, ge=1, le=300, description="how often robots on sockets are asked to send a heartbeat"
    )
    robot_silent_seconds: float = Field(
        90, gt=0, description="silence after which a robot's socket is closed; it is asked after half of it"
    )
    robot_read_seconds: float = Field(
        20, gt=0, description="how long a robot may take to read one message on its socket before it is cut off"
    )
    robot_messages_per_minute: int = Field(
        600, ge=10, le=100_000, description="messages a robot may send on its socket; half of it at once"
    )
    robot_message_max_bytes: int = Field(
        1_000_000, ge=10_000, le=1_000_000, description="longest message a robot may send; the gateway takes no longer"
    )
    slot_check_seconds: float = Field(30.0, gt=0, description="pause between looks for lost slots")
    offline_check_seconds: float = Field(5.0, gt=0, description="pause between looks for silent robots")
    retry_base_seconds: float = Field(
        2.0, gt=0, description="backoff after the first failed attempt; doubles each time"
    )
    retry_cap_seconds: float = Field(300.0, gt=0, description="longest backoff")
    job_log_max_bytes: int = Field(
        5_000_000, ge=100_000, le=12_000_000, description="how much of a job's log is kept; what comes after is dropped"
    )
    job_log_retention_days: int = Field(30, ge=1, le=3_650, description="how long jobs' logs are kept")

    job_retention_days: int = Field(
        90, ge=1, le=3_650, description="how long ended jobs are kept; dead letters are kept until dealt with"
    )

    @property
    def job_retention_ms(self) -> int:
        """`job_retention_days` in milliseconds."""
        return self.job_retention_days * 86_400_000

    @property
    def robot_offline_after_ms(self) -> int:
        """`robot_offline_after_seconds` in milliseconds."""
        return int(self.robot_offline_after_seconds * 1000)

    @property
    def job_log_retention_ms(self) -> int:
        """`job_log_retention_days` in milliseconds."""
        return self.job_log_retention_days * DAY_MS
