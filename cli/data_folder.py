"""The folder that holds everything of an embedded installation: documents, secrets, logs."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from cli.errors import StartError

OWNER_ONLY: Final = 0o600
LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class DataFolder:
    """`CASARE_DATA_DIR`, default `.data`."""

    path: Path

    @property
    def store(self) -> Path:
        """Where the embedded store keeps its files."""
        return self.path / "store"

    @property
    def logs(self) -> Path:
        """Where child processes write what they have to say."""
        return self.path / "logs"

    @property
    def store_lock(self) -> Path:
        """Held by the store process."""
        return self.path / "store.lock"

    def prepare(self) -> None:
        """Make the folder; raises `StartError` when it cannot be written."""
        try:
            for folder in (self.path, self.store, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StartError(
                f"Cannot write to the data folder {self.path}: {error.strerror}. Set CASARE_DATA_DIR to one you own."
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; raises `StartError` when another one has it."""
        with (self.path / "lock").open("w") as lock:
            try:
                _take(lock)
            except BlockingIOError as error:
                raise StartError(
                    f"The data folder {self.path} is in use by another casare. Stop it or set CASARE_DATA_DIR."
                ) from error
            yield

    def secrets(self) -> dict[str, str]:
        """The secrets generated here earlier."""
        path = self.path / "secrets.json"
        if not path.exists():
            return {}
        try:
            content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StartError(f"Cannot read {path}: {error}. Restore it, or delete it to make new secrets.") from error
        return content

    def keep_secrets(self, secrets: dict[str, str]) -> None:
        """Write the secrets, readable by the owner only; the old file stays until the new one is complete."""
        path = self.path / "secrets.json"
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(secrets, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def _take(lock: IO[str]) -> None:
    """Take the lock; raises `BlockingIOError` when another `casare up` has it.

    Tried twice: a command that looks whether the folder is in use holds the lock for an instant.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(LOOK_SECONDS)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
