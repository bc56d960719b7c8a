"""The logins that `casare login` keeps, in `$XDG_CONFIG_HOME/casare/profiles.json`.

A refresh token can be used once. So whoever renews holds the lock beside the file, starts from what is stored then,
and stores the new tokens before giving it back: the command and any number of clients share one login.

A login belongs to the address it was made at: its tokens are never sent anywhere else. A profile without a name of its
own is called by its address, which is also how the file was written before profiles had names.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Final

from casare.errors import ConfigurationProblem

FILE_NAME: Final = "profiles.json"
LOCK_NAME: Final = "profiles.lock"
LOCK_SECONDS: Final = 60.0
"""Longer than the server could keep the holder waiting."""
LOCK_POLL_SECONDS: Final = 0.05
RENEW_BEFORE_MS: Final = 60_000
_PRIVATE_FOLDER: Final = 0o700
_KINDS: Final = {"username": str, "access_token": str, "refresh_token": str, "access_expires_ms": int}


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """One login, at one address. Its tokens appear in no message: not even its repr shows them."""

    url: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_ms: int
    name: str = ""
    """Of its profile; empty: it is called by its address."""

    def is_due(self, now_ms: int) -> bool:
        """Whether its access token is good for less than another minute."""
        return self.access_expires_ms - RENEW_BEFORE_MS <= now_ms

    def renewed(self, access_token: str, refresh_token: str, access_expires_ms: int) -> "StoredLogin":
        """With new tokens; the refresh token that it had is spent."""
        return replace(
            self, access_token=access_token, refresh_token=refresh_token, access_expires_ms=access_expires_ms
        )


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the command keeps its files (XDG base directories, which say to ignore a relative `XDG_CONFIG_HOME`)."""
    chosen = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".config") / "casare"


class LoginFile:
    """Reading needs no lock, since the file is replaced as a whole; change it only while the lock is held.

    Every method raises ConfigurationProblem when the file or its folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE_NAME

    def get(self, name: str) -> StoredLogin | None:
        """The login of the profile; None when there is none, or it has been ended."""
        entry = self._entries().get(name)
        if entry is None or is_ended(entry):
            return None
        if any(not isinstance(entry.get(key), kind) for key, kind in _KINDS.items()):
            raise self._damaged()
        url = address_of(name, entry)
        return StoredLogin(url=url, name="" if url == name else name, **{key: entry[key] for key in _KINDS})

    def current(self) -> str | None:
        """The name of the profile in use: of the last login, also after its logout, or the one that was chosen."""
        current = self._read().get("current")
        return current if isinstance(current, str) else None

    def url_of(self, name: str) -> str | None:
        """The address of the profile, also of one whose login has ended; None when there is none."""
        entry = self._entries().get(name)
        return None if entry is None else address_of(name, entry)

    def name_at(self, url: str) -> str:
        """The profile that stands for `url`: the one in use if it is there, else the first there, else its address."""
        names = [name for name, entry in sorted(self._entries().items()) if address_of(name, entry) == url]
        current = self.current()
        if current in names:
            return str(current)
        return names[0] if names and url not in names else url

    def put(self, login: StoredLogin, *, make_current: bool = False) -> None:
        """Keeps the login in place of the one of its name; what else the file holds stays."""
        content = self._read()
        name = login.name or login.url
        entry = {key: getattr(login, key) for key in _KINDS}
        if name != login.url:
            entry["url"] = login.url
        content["profiles"][name] = {**content["profiles"].get(name, {}), **entry}
        if make_current:
            content["current"] = name
        self._write(content)

    def open_lock(self) -> IO[bytes]:
        """The file to `take` before a change, and to close after it."""
        self._make_folder()
        try:
            return (self._folder / LOCK_NAME).open("ab")
        except OSError as error:
            raise self._unusable(error) from error

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
        self._make_folder()
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

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> Exception:
        return self._refusal(
            f"Cannot use {error.filename or self.path}: {error.strerror}.",
            "Logins are kept there; set XDG_CONFIG_HOME to use another folder.",
        )

    def _damaged(self) -> Exception:
        return self._refusal(f"{self.path} is damaged.", "Delete it and run: casare login")

    def _refusal(self, message: str, advice: str) -> Exception:
        """What is raised: the command has errors of its own."""
        return ConfigurationProblem(f"{message} {advice}")


def address_of(name: str, entry: Mapping[str, Any]) -> str:
    """Of a profile as it is stored: one without an address of its own is called by it."""
    url = entry.get("url")
    return url if isinstance(url, str) else name


def is_ended(entry: Mapping[str, Any]) -> bool:
    """Whether only the address of this profile is remembered."""
    return "access_token" in entry and entry["access_token"] is None
