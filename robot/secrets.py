"""Secrets by reference: `{{secrets.NAME}}` in a node's settings.

The value comes from the robot's own environment or files, at the moment when the setting is needed. It is never put
into a variable, and everything that leaves the robot shows `***` in its place.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from robot.errors import SecretNotFound, SecretRefused
from robot.masking import SHORTEST, Masker

PREFIX: Final = "CASARE_SECRET_"
NAMESPACE: Final = "secrets"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_REFERENCE: Final = re.compile(r"\{\{\s*secrets\s*[.}]")
MAX_BYTES: Final = 100_000


class SecretSource:
    """Reads secrets from `CASARE_SECRET_<NAME>`, else from the file `<NAME>` in `directory`."""

    def __init__(self, environment: Mapping[str, str] | None = None, directory: Path | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._directory = directory

    def read(self, name: str) -> str:
        """Returns the secret; a line end at the end of its file is not part of it.

        Raises SecretNotFound, naming the places looked at, or SecretRefused.
        """
        if _NAME.fullmatch(name) is None:
            raise SecretRefused(f"{name[:80]!r} is no name of a secret: letters, digits, _ and -")
        value = self._from_environment(name)
        if value is None:
            value = self._from_file(name)
        if value is None:
            raise SecretNotFound(f"there is no secret {name!r}; looked at {' and '.join(self._places(name))}")
        if len(value) < SHORTEST:
            raise SecretRefused(f"the secret {name!r} is shorter than {SHORTEST} characters: it could not be hidden")
        return value

    def _from_environment(self, name: str) -> str | None:
        return self._environment.get(PREFIX + name) or self._environment.get(PREFIX + name.upper().replace("-", "_"))

    def _from_file(self, name: str) -> str | None:
        if self._directory is None:
            return None
        try:
            with (self._directory / name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise SecretRefused(f"the secret {name!r} is larger than {MAX_BYTES:,} bytes")
            return content.decode().removesuffix("\n").removesuffix("\r") or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            raise SecretRefused(f"the file of the secret {name!r} cannot be read: {type(error).__name__}") from error

    def _places(self, name: str) -> list[str]:
        files = "no folder, for CASARE_ROBOT_SECRETS_DIR is not set"
        return [PREFIX + name, files if self._directory is None else f"the file {self._directory / name}"]


class JobSecrets:
    """The secrets one job has used, and the masking of them."""

    def __init__(self, source: SecretSource | None = None) -> None:
        self._source = source or SecretSource({})
        self._masker = Masker()

    def value(self, name: str) -> str:
        """Returns the secret, hidden from now on in whatever leaves the robot. Raises as `SecretSource.read`."""
        secret = self._source.read(name)
        self._masker.learn(secret)
        return secret

    def mask(self, value: Any) -> Any:
        """Returns the value with the job's secrets replaced."""
        return self._masker.mask(value)

    def text(self, text: str) -> str:
        """Returns the text with the job's secrets replaced."""
        return self._masker.text(text)


class Variables(dict[str, Any]):
    """The variables of a workflow. A secret that comes back from outside is masked before it becomes one."""

    def __init__(self, values: Mapping[str, Any], secrets: JobSecrets) -> None:
        super().__init__(values)
        self._secrets = secrets

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, self._secrets.mask(value))


def names_a_secret(value: Any) -> bool:
    """Returns whether a setting, as it was written, refers to a secret anywhere."""
    if isinstance(value, str):
        return _REFERENCE.search(value) is not None
    if isinstance(value, dict):
        return any(names_a_secret(each) for each in value.values())
    return isinstance(value, list) and any(names_a_secret(each) for each in value)
