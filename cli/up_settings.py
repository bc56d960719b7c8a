"""What `casare up` reads from its environment beside the services' own settings."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr

from shared.config import ServiceSettings


class Switch(StrEnum):
    """On or off."""

    ON = "on"
    OFF = "off"


class UpSettings(ServiceSettings):
    """`CASARE_*` variables of `casare up`."""

    data_dir: Path = Field(Path(".data"), description="folder of documents, secrets and logs")
    local_robot: Switch = Field(Switch.ON, description="whether one robot is started beside the services")
    admin_password: SecretStr = Field(SecretStr(""), description="password of the first admin; empty: generated")
    local_robot_id: str = "local-robot"
