"""What the gateway reads from its environment."""

from collections.abc import Iterator
from typing import Final

from pydantic import Field, field_validator

from shared.config import ServiceSettings
from shared.web.credentials import ISSUER

MEGABYTE: Final = 1_000_000
ALL_BUCKETS: Final = "*"


class GatewaySettings(ServiceSettings):
    """Settings of the gateway; the services' addresses matter only where they run in processes of their own."""

    auth_url: str = Field("", description="where auth listens; empty when it runs in this process")
    workflows_url: str = Field("", description="where workflows listens; empty when it runs in this process")
    dispatcher_url: str = Field("", description="where the dispatchers listen; empty when it runs in this process")
    scheduler_url: str = Field("", description="where the schedulers listen; empty when it runs in this process")
    metrics_url: str = Field("", description="where metrics listens; empty when it runs in this process")
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="how many proxies in front of the gateway add to X-Forwarded-For"
    )
    rate_limits: str = Field(
        "on", description="`on`, `off`, or requests per minute by bucket: `claim=600,*=10000` (`*`: all others)"
    )
    token_issuer: str = Field(ISSUER, min_length=1, description="`iss` of users' tokens, as auth has it")
    api_key_cache_seconds: float = Field(5.0, ge=0, le=60, description="how long a verified API key is remembered")
    max_body_bytes: int = Field(MEGABYTE, ge=1, description="cap of a request body")
    max_workflow_body_bytes: int = Field(60 * MEGABYTE, ge=1, description="cap of a submitted workflow's body")
    body_timeout_seconds: float = Field(30.0, gt=0, description="time within which a request body must arrive")
    workflow_body_timeout_seconds: float = Field(300.0, gt=0, description="the same for a submitted workflow's body")
    upstream_connections: int = Field(100, ge=1, le=10_000, description="connections to each service, at most")
    upstream_timeout_seconds: float = Field(
        60.0, gt=30, description="silence after which a service counts as down; above the longest poll (30 s)"
    )

    allowed_origins: str = Field(
        "",
        description="origins besides the gateway's own whose pages may open sockets: `https://a.example,https://b.example`",
    )
    max_sockets: int = Field(10_000, ge=1, description="open sockets and event streams of one gateway, at most")
    max_streams_per_credential: int = Field(
        200, ge=1, description="open streams of one user in one tenant, or of one key, at one gateway"
    )
    max_robot_sockets_per_credential: int = Field(
        2_000, ge=1, description="open robot sockets of one key at one gateway"
    )

    @field_validator("rate_limits")
    @classmethod
    def _limits_can_be_read(cls, value: str) -> str:
        if value.strip().lower() not in ("on", "off"):
            parse_limits(value)
        return value.strip()

    @property
    def limits_enforced(self) -> bool:
        """Whether requests are limited at all (never about the login lockout, clarifications 9)."""
        return self.rate_limits.lower() != "off"

    @property
    def limit_overrides(self) -> dict[str, int]:
        """Requests per minute by bucket name, where they differ from the contract's."""
        return {} if self.rate_limits.lower() in ("on", "off") else parse_limits(self.rate_limits)

    @property
    def origins(self) -> frozenset[str]:
        """`allowed_origins`, each as a browser sends it."""
        return frozenset(
            entry.strip().rstrip("/").lower() for entry in self.allowed_origins.split(",") if entry.strip()
        )

    def service_urls(self) -> Iterator[tuple[str, str]]:
        """Each service's name and its address; empty ones run in this process."""
        for name in ("auth", "workflows", "dispatcher", "scheduler", "metrics"):
            yield name, getattr(self, f"{name}_url")


def parse_limits(text: str) -> dict[str, int]:
    """`claim=600,*=10000` as a mapping; raises ValueError naming the entry that is wrong."""
    limits = {}
    for entry in text.split(","):
        name, _, number = entry.strip().partition("=")
        if not name or not number.isascii() or not number.isdigit() or int(number) < 1:
            raise ValueError(f"not `on`, `off` or `bucket=requests per minute`: {entry.strip()!r}")
        limits[name] = int(number)
    return limits
