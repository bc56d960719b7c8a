"""What the workflows service reads from its environment."""

from collections.abc import Iterator

from pydantic import Field, SecretStr

from shared.config import ServiceSettings
from shared.config.settings import MIN_SECRET_LENGTH


class WorkflowsSettings(ServiceSettings):
    """Settings of the workflows service."""

    port: int = Field(8002, ge=0, le=65535)
    scheduler_url: str = Field("http://127.0.0.1:8004", description="address of the scheduler service")
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$",
        description="where users reach the gateway, for the URLs of webhooks; empty: as the request was addressed",
    )
    webhook_key: SecretStr = Field(
        SecretStr(""),
        description="webhooks' URLs and secrets are made from it, and change with it; ≥ 32 characters. Empty: "
        "`CASARE_INTERNAL_KEY`, whose old value belongs here when it is changed",
    )
    webhook_window_seconds: int = Field(
        300, ge=1, le=3600, description="how old a webhook's delivery may be, or how far ahead its sender's clock"
    )

    @property
    def webhook_master_key(self) -> str:
        """What webhooks' tokens and secrets are derived from."""
        return self.webhook_key.get_secret_value() or self.internal_key.get_secret_value()

    def default_secrets(self) -> Iterator[str]:
        yield from super().default_secrets()
        if 0 < len(self.webhook_key.get_secret_value()) < MIN_SECRET_LENGTH:
            yield "CASARE_WEBHOOK_KEY"

    workflows_dir: str = Field(
        "",
        description="folder that each version is also written to, as `<tenant>/<workflow id>/v<version>.json`; "
        "shared by all replicas; a version whose file cannot be written is refused with 503; empty means none",
    )
