"""What the workflows service reads from its environment."""

from pydantic import Field

from shared.config import ServiceSettings


class WorkflowsSettings(ServiceSettings):
    """Settings of the workflows service."""

    port: int = Field(8002, ge=0, le=65535)
    scheduler_url: str = Field("http://127.0.0.1:8004", description="address of the scheduler service")
    workflows_dir: str = Field(
        "",
        description="folder that each version is also written to, as `<tenant>/<workflow id>/v<version>.json`; "
        "shared by all replicas; a version whose file cannot be written is refused with 503; empty means none",
    )
