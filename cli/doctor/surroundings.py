"""What the checks are about: the environment of the command, completed by what runs on the data folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from cli.data_folder import DataFolder
from cli.errors import StartError
from cli.operating import variables
from cli.running import RunningInstallation, is_in_use, running_installation
from cli.up_settings import UpSettings
from shared.config import ServiceSettings, SettingsError, load

_ADDRESSES: Final = ("mongodb_url", "mongodb_database", "amqp_url", "amqp_prefix", "redis_url", "redis_prefix")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Found once, then looked at by every check."""

    environ: Mapping[str, str]
    folder: DataFolder
    is_in_use: bool
    running: RunningInstallation | None
    settings: ServiceSettings
    """How store and brokers are reached; the defaults where the environment is wrong."""
    has_own_store: bool
    """Whether `casare up` would start the store, or has."""

    @property
    def mongodb_url(self) -> str:
        """Of the store; empty when it is not known."""
        return self.settings.mongodb_url.get_secret_value()

    @property
    def amqp_url(self) -> str:
        """Of RabbitMQ; empty where the bus is in the process."""
        return self.settings.amqp_url.get_secret_value()

    @property
    def redis_url(self) -> str:
        """Of Redis; empty where buckets are in the process."""
        return self.settings.redis_url.get_secret_value()

    @property
    def gateway_url(self) -> str:
        """Where the gateway should answer."""
        if self.environ.get("CASARE_URL"):
            return self.environ["CASARE_URL"].rstrip("/")
        if self.running is not None:
            return self.running.url
        host = "127.0.0.1" if self.settings.host in ("0.0.0.0", "::") else self.settings.host  # noqa: S104 - compared
        return f"http://{host}:{self.settings.port}"


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """The surroundings; until the block ends, the environment also says what the running `casare up` told."""
    given = dict(os.environ)
    folder = DataFolder(Path(given.get("CASARE_DATA_DIR") or ".data").resolve())
    running = running_installation(folder)
    told = {
        name: value
        for name, value in (running.environment if running else {}).items()
        if name not in given and f"{name}_FILE" not in given
    }
    with variables({**_kept_secrets(folder, given), **told}):
        yield Surroundings(
            environ=given,
            folder=folder,
            is_in_use=is_in_use(folder),
            running=running,
            settings=_settings(),
            has_own_store="CASARE_MONGODB_URL" not in given and "CASARE_MONGODB_URL_FILE" not in given,
        )


def _settings() -> ServiceSettings:
    """As far as they can be read: whoever checks the configuration says what is wrong with it."""
    for candidate in (UpSettings, ServiceSettings):
        try:
            return load(candidate)
        except SettingsError:
            continue
    values: dict[str, Any] = {name: field.get_default() for name, field in ServiceSettings.model_fields.items()}
    for name in _ADDRESSES:
        given = os.environ.get(f"CASARE_{name.upper()}")
        if given:
            values[name] = SecretStr(given) if isinstance(values[name], SecretStr) else given
    return ServiceSettings.model_construct(None, **values)


def _kept_secrets(folder: DataFolder, given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that `casare up` would pass on from its folder; none in production, which brings its own."""
    if given.get("CASARE_ENVIRONMENT") == "production":
        return {}
    try:
        kept = folder.secrets()
    except StartError:
        return {}
    return {
        name: value
        for name, value in kept.items()
        if name.startswith("CASARE_") and name not in given and f"{name}_FILE" not in given
    }
