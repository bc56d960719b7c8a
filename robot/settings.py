"""What a robot is told by its environment: `CASARE_ROBOT_*`."""

import re
import socket
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$"
ALLOW_SHELL = "CASARE_ROBOT_ALLOW_SHELL"
ALLOW_PYTHON = "CASARE_ROBOT_ALLOW_PYTHON"
ALLOW_FRAMEWORK = "CASARE_ROBOT_ALLOW_FRAMEWORK"
Names = Annotated[tuple[str, ...], NoDecode]


def safe_hostname() -> str:
    """Returns this machine's name as a robot id: letters, digits, `.`, `_` and `-`, at most 64."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname()).strip("-._")[:64] or "robot"


class RobotSettings(BaseSettings):
    """Every setting of a robot. A key comes from `CASARE_ROBOT_API_KEY` or the file `CASARE_ROBOT_API_KEY_FILE`."""

    model_config = SettingsConfigDict(env_prefix="CASARE_ROBOT_", env_ignore_empty=True, frozen=True)

    url: str = Field(default="http://127.0.0.1:8000", pattern=r"^https?://[^/\s@]+(/\S*)?$")
    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    id: str = Field(default_factory=safe_hostname, pattern=IDENTIFIER, max_length=64)
    name: str = Field(default="", max_length=128)
    environment: str = Field(default="default", pattern=IDENTIFIER, max_length=64)
    capabilities: Names = ()
    tags: Names = ()
    max_concurrent_jobs: int = Field(default=1, ge=1, le=100)

    workdir: Path = Path()
    allow_any_path: bool = False
    max_steps: int = Field(default=200_000, ge=1)
    state_dir: Path | None = Field(
        default=None,
        description="folder for the journal of held jobs; without one, `.casare-robot` in the working directory",
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="folder with a file per secret, for `{{secrets.NAME}}` where `CASARE_SECRET_<NAME>` is not set",
    )
    allow_shell: bool = Field(default=False, description="whether workflows may run commands (ShellNode)")
    allow_python: bool = Field(default=False, description="whether workflows may run Python code (PythonNode)")
    http_block_internal: bool = Field(
        default=False,
        description="whether HTTP and browser steps are kept from loopback, private, link-local and metadata addresses",
    )
    http_allow: Names = Field(
        default=(),
        description="exceptions to that: hosts (`api.lan`, `*.lan`, `host:8080`), addresses, networks (`10.1.0.0/16`)",
    )
    allow_framework: bool = Field(
        default=False,
        description="whether workflows may run Robot Framework suites, which can do whatever the robot's user can",
    )
    framework_python: Path | None = Field(
        default=None,
        description="the interpreter that has Robot Framework; without one, that of `.venv-robotframework`",
    )
    chromium: Path | None = Field(
        default=None,
        description="the browser for browser steps; without one, the first Chromium or Chrome on the `PATH`",
    )
    browser_evaluate: bool = Field(
        default=False, description="whether workflows may run JavaScript of their own in the browser's pages"
    )

    connection: Literal["auto", "socket", "http"] = Field(
        default="auto",
        description="how it gets jobs: pushed through a `socket`, by `http` long polls, or `auto`: a socket where one "
        "can be had",
    )
    job_log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe lines that are sent to the job's log"
    )
    job_log_interval_seconds: float = Field(
        default=1.0, gt=0, le=60, description="longest time that a line of a job's log waits to be sent"
    )
    wait_seconds: int = Field(default=20, ge=0, le=30)
    visibility_timeout_seconds: int = Field(default=30, ge=5, le=3600)
    lease_extension_interval_seconds: float | None = Field(default=None, gt=0)
    heartbeat_interval_seconds: float = Field(default=10.0, gt=0)
    claim_interval_seconds: float = Field(default=1.0, ge=0)
    progress_interval_seconds: float = Field(default=0.5, ge=0)
    request_timeout_seconds: float = Field(default=10.0, gt=0)
    retry_first_seconds: float = Field(default=0.5, gt=0)
    retry_cap_seconds: float = Field(default=30.0, gt=0)
    grace_seconds: float = Field(default=20.0, ge=0)

    @field_validator("capabilities", "tags", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("workdir")
    @classmethod
    def _existing(cls, value: Path) -> Path:
        if not value.is_dir():
            raise ValueError(f"there is no folder {str(value)!r}")
        return value.resolve()

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if self.api_key is None and self.api_key_file is None:
            raise ValueError(
                "a robot needs a key: make one with `casare key create --robot-id ID --name NAME` "
                "and set CASARE_ROBOT_API_KEY or CASARE_ROBOT_API_KEY_FILE"
            )
        return self

    def key(self) -> str:
        """Returns the API key. Raises OSError or ValueError when its file cannot be used."""
        if self.api_key is not None:
            return _checked(self.api_key.get_secret_value(), "CASARE_ROBOT_API_KEY")
        assert self.api_key_file is not None
        return _checked(self.api_key_file.read_text("utf-8"), str(self.api_key_file))

    @property
    def journal_dir(self) -> Path:
        """Returns the folder of this robot's journal."""
        return (self.state_dir or self.workdir / ".casare-robot") / self.id

    @property
    def allowed(self) -> frozenset[str]:
        """Returns the settings that make node types available which are not otherwise."""
        given = {
            ALLOW_SHELL: self.allow_shell,
            ALLOW_PYTHON: self.allow_python,
            ALLOW_FRAMEWORK: self.allow_framework,
        }
        return frozenset(name for name, is_on in given.items() if is_on)

    @property
    def extension_interval_seconds(self) -> float:
        """Returns how often a lease is extended: three times per lease, so that two failures are survived."""
        return self.lease_extension_interval_seconds or self.visibility_timeout_seconds / 3


def _checked(text: str, source: str) -> str:
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"{source} does not hold a key")
    return key
