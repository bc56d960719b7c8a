"""The logins that `casare login` keeps, in `$XDG_CONFIG_HOME/casare/profiles.json`.

A refresh token can be used once. So whoever renews holds the lock beside the file, starts from what is stored then,
and stores the new tokens before giving it back: the command and any number of clients share one login.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from casare.errors import ConfigurationProblem

FILE_NAME: Final = "profiles.json"
LOCK_NAME: Final = "profiles.lock"
_KINDS: Final = {"username": str, "access_token": str, "refresh_token": str, "access_expires_ms": int}

if sys.platform == "win32":
    import msvcrt

    def _take(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """One login, at one address, under the name of its profile. Its repr shows no token."""

    url: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_ms: int
    name: str = ""


def config_folder(environ: Mapping[str, str]) -> Path:
    """Where the command keeps its files (XDG base directories: a relative `XDG_CONFIG_HOME` is ignored)."""
    chosen = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".config") / "casare"


class LoginFile:
    """Reading needs no lock, since the file is replaced as a whole. Every method may raise ConfigurationProblem."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE_NAME

    def get(self, name: str) -> StoredLogin | None:
        """The login of the profile; None when there is none, or it has been ended."""
        entry = self._entries().get(name)
        if entry is None or ("access_token" in entry and entry["access_token"] is None):
            return None
        if any(not isinstance(entry.get(key), kind) for key, kind in _KINDS.items()):
            raise self._damaged()
        return StoredLogin(url=_url(name, entry), name=name, **{key: entry[key] for key in _KINDS})

    def current(self) -> str | None:
        """The name of the profile in use."""
        current = self._read().get("current")
        return current if isinstance(current, str) else None

    def url_of(self, name: str) -> str | None:
        """The address of the profile, also of one whose login has ended; None when there is none."""
        entry = self._entries().get(name)
        return None if entry is None else _url(name, entry)

    def name_at(self, url: str) -> str:
        """The profile that stands for `url`: the one in use if it is there, else the first there, else its address."""
        names = [name for name, entry in sorted(self._entries().items()) if _url(name, entry) == url]
        current = self.current()
        if current in names:
            return str(current)
        return names[0] if names and url not in names else url

    def put(self, login: StoredLogin) -> None:
        """Keeps the renewed tokens; what else the file holds stays. Only while the lock is held."""
        content = self._read()
        renewed = {key: getattr(login, key) for key in _KINDS}
        content["profiles"][login.name] = {**content["profiles"].get(login.name, {}), **renewed}
        self._write(content)

    def try_lock(self) -> IO[bytes] | None:
        """The lock, until the file returned is closed; None while another process holds it."""
        try:
            file = (self._folder / LOCK_NAME).open("ab")
        except OSError as error:
            raise self._unusable(error) from error
        try:
            _take(file)
        except (BlockingIOError, PermissionError):  # PermissionError: how Windows says that it is held
            file.close()
            return None
        return file

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {"current": None, "profiles": {}}
        except OSError as error:
            raise self._unusable(error) from error
        except ValueError as error:
            raise self._damaged() from error
        profiles = content.get("profiles") if isinstance(content, dict) else None
        if not isinstance(profiles, dict) or not all(isinstance(entry, dict) for entry in profiles.values()):
            raise self._damaged()
        known: dict[str, Any] = content
        return known

    def _entries(self) -> dict[str, dict[str, Any]]:
        entries: dict[str, dict[str, Any]] = self._read()["profiles"]
        return entries

    def _write(self, content: Mapping[str, Any]) -> None:
        """Replaces the file in one step, so that neither a crash nor a full disk leaves half of it."""
        try:
            # Made with mode 0600, and in the same folder so that it can replace the other.
            descriptor, name = tempfile.mkstemp(prefix=f".{FILE_NAME}-", dir=self._folder)
            written = Path(name)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    json.dump(content, file, indent=2)
                    file.flush()
                    os.fsync(file.fileno())
                written.replace(self.path)
            finally:
                written.unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> ConfigurationProblem:
        return ConfigurationProblem(f"Cannot use {error.filename or self.path}: {error.strerror}.")

    def _damaged(self) -> ConfigurationProblem:
        return ConfigurationProblem(f"{self.path} is damaged. Delete it and run: casare login")


def _url(name: str, entry: Mapping[str, Any]) -> str:
    """A profile without an address of its own is called by it."""
    url = entry.get("url")
    return url if isinstance(url, str) else name
