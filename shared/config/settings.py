"""What every service reads from its environment, and the rules all settings obey."""

import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX: Final = "CASARE_"
MIN_SECRET_LENGTH: Final = 32
DEVELOPMENT_INTERNAL_KEY: Final = "development-internal-key-change-me-now"

SettingsT = TypeVar("SettingsT", bound="ServiceSettings")


class Environment(StrEnum):
    """Where the service runs; production refuses what is only fit for a laptop."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names the variable and what to do."""


class InsecureSecret(SettingsError):
    """Production was asked to start with a default or short secret."""


class FileSecrets(PydanticBaseSettingsSource):
    """Reads `CASARE_X` from the file that `CASARE_X_FILE` names, as container secrets are mounted."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - signature of the base class
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise SettingsError(f"{PREFIX}{field_name.upper()}_FILE: cannot read {path}: {error.strerror}") from error

    def __call__(self) -> dict[str, Any]:
        values = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, _ = self.get_field_value(field, name)
            if value is not None:
                values[key] = value
        return values


class ServiceSettings(BaseSettings):
    """Settings common to all services; each service adds its own in a subclass."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    environment: Environment = Environment.DEVELOPMENT
    mongodb_url: SecretStr = Field(SecretStr(""), description="MongoDB wire URL; empty means the embedded store")
    mongodb_database: str = Field("casare", min_length=1, max_length=60)
    mongodb_journaled: bool = Field(
        True,
        description="answer a write only once it is on disk; `casare up` says false for the embedded store, whose "
        "acknowledged writes survive any crash of processes, but the last ones not a power cut",
    )
    mongodb_pool_size: int = Field(16, ge=1, le=500, description="connections to the store per process")
    amqp_url: SecretStr = Field(SecretStr(""), description="RabbitMQ URL; empty means the in-process bus")
    amqp_prefix: str = Field("casare", description="prefix of exchange and queue names")
    redis_url: SecretStr = Field(SecretStr(""), description="Redis URL; empty means in-process buckets")
    redis_prefix: str = Field("casare:", description="prefix of every Redis key")
    internal_key: SecretStr = Field(
        SecretStr(DEVELOPMENT_INTERNAL_KEY),
        description="signs the tokens services show each other; ≥ 32 characters",
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535)
    log_level: str = "INFO"
    log_json: bool | None = Field(None, description="JSON log lines; default: on in production")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, FileSecrets(settings_cls)

    def default_secrets(self) -> Iterator[str]:
        """Names of the secrets that still have a default or are too short for production."""
        key = self.internal_key.get_secret_value()
        if key == DEVELOPMENT_INTERNAL_KEY or len(key) < MIN_SECRET_LENGTH:
            yield f"{PREFIX}INTERNAL_KEY"


def load(settings_type: type[SettingsT], **values: Any) -> SettingsT:
    """The settings in force; raises `SettingsError` with one line per wrong variable.

    In production, `InsecureSecret` when a secret is a default one.
    """
    try:
        settings = settings_type(**values)
    except ValidationError as error:
        lines = [f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsError("; ".join(lines)) from error
    weak = sorted(set(settings.default_secrets())) if settings.environment is Environment.PRODUCTION else []
    if weak:
        raise InsecureSecret(
            f"production needs secrets of its own in {', '.join(weak)} (≥ {MIN_SECRET_LENGTH} characters)"
        )
    return settings


def describe(settings: ServiceSettings) -> dict[str, str]:
    """Every setting in force by variable name, secrets hidden, for `casare config`."""
    shown = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        hidden = isinstance(value, SecretStr)
        shown[f"{PREFIX}{name.upper()}"] = ("•••" if value.get_secret_value() else "") if hidden else str(value)
    return shown
