"""What the workflows service reads from its environment."""

from pydantic import Field

from shared.config import ServiceSettings


class WorkflowsSettings(ServiceSettings):
    """Settings of the workflows service."""

    port: int = Field(8002, ge=0, le=65535)
    scheduler_url: str = Field("http://127.0.0.1:8004", description="address of the scheduler service")
