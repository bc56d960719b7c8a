"""The logins this user has made, kept in `$XDG_CONFIG_HOME/casare/profiles.json`, readable by nobody else.

A login belongs to the address it was made at: its tokens are never sent anywhere else. A profile without a name of its
own is called by its address, which is also how the file was written before profiles had names.
"""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.failures import ServerUnavailable, UsageProblem
from cli.file_lock import exclusive

FILE_NAME: Final = "profiles.json"
LOCK_NAME: Final = "profiles.lock"
LOCK_SECONDS: Final = 60.0
_PRIVATE_FOLDER: Final = 0o700
_LOGIN: Final = {"username": str, "access_token": str, "refresh_token": str, "access_expires_ms": int}


@dataclass(frozen=True, slots=True)
class Profile:
    """One login. Its tokens appear in no message: not even its repr shows them."""

    url: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_ms: int
    name: str = ""
    """Empty: it is called by its address."""


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """A profile as the list shows it, without its tokens."""

    name: str
    url: str
    username: str
    is_logged_in: bool
    is_current: bool


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the command keeps its files (XDG base directories, which say to ignore a relative `XDG_CONFIG_HOME`)."""
    chosen = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (chosen if chosen.is_absolute() else Path.home() / ".config") / "casare"


class ProfileStore:
    """The file of profiles. Reading needs no lock, since it is replaced as a whole; change it only under `locked`.

    Every method raises UsageProblem when the file or its folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE_NAME

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes from changing profiles, and from spending their tokens, until the block ends.

        Raises ServerUnavailable when another one holds it for longer than the server could keep it waiting.
        """
        self._make_folder()
        with ExitStack() as held:
            try:
                held.enter_context(exclusive(self._folder / LOCK_NAME, timeout_seconds=LOCK_SECONDS))
            except TimeoutError as error:
                raise ServerUnavailable("Another casare command has been renewing a login for a minute.") from error
            except OSError as error:
                raise self._unusable(error) from error
            yield

    def get(self, name: str) -> Profile | None:
        """The login called `name`; None when there is none, or it has been ended."""
        entry = self._read()["profiles"].get(name)
        if entry is None or _is_ended(entry):
            return None
        if any(not isinstance(entry.get(key), kind) for key, kind in _LOGIN.items()):
            raise self._damaged()
        url = _url(name, entry)
        return Profile(url=url, name="" if url == name else name, **{key: entry[key] for key in _LOGIN})

    def current(self) -> str | None:
        """The name of the profile in use: of the last login, also after its logout, or the one that was chosen."""
        current = self._read()["current"]
        return current if isinstance(current, str) else None

    def url_of(self, name: str) -> str | None:
        """The address of the profile `name`, also of one whose login has ended; None when there is none."""
        entry = self._read()["profiles"].get(name)
        return None if entry is None else _url(name, entry)

    def name_at(self, url: str) -> str:
        """The profile that stands for `url`: the one in use if it is there, else the first there, else its address."""
        content = self._read()
        names = [name for name, entry in sorted(content["profiles"].items()) if _url(name, entry) == url]
        if content["current"] in names:
            return str(content["current"])
        return names[0] if names and url not in names else url

    def known(self) -> list[KnownProfile]:
        """All profiles, by name."""
        content = self._read()
        return [
            KnownProfile(
                name, _url(name, entry), str(entry.get("username")), not _is_ended(entry), name == content["current"]
            )
            for name, entry in sorted(content["profiles"].items())
        ]

    def put(self, profile: Profile, *, make_current: bool = False) -> None:
        """Keeps the login in place of the one of its name."""
        content = self._read()
        entry = asdict(profile)
        name = entry.pop("name") or profile.url
        if name == profile.url:
            del entry["url"]
        content["profiles"][name] = entry
        if make_current:
            content["current"] = name
        self._write(content)

    def use(self, name: str) -> None:
        """Makes the profile the one in use."""
        self._write({**self._read(), "current": name})

    def end(self, name: str) -> None:
        """Forgets the tokens of the login; a profile with a name of its own remembers its address and user."""
        content = self._read()
        entry = content["profiles"].get(name)
        if entry is None:
            return
        if "url" in entry:
            content["profiles"][name] = {"url": entry["url"], "username": entry.get("username"), "access_token": None}
        else:
            del content["profiles"][name]
        self._write(content)

    def remove(self, name: str) -> None:
        """Forgets the profile, if there is one."""
        content = self._read()
        if content["profiles"].pop(name, None) is not None:
            if content["current"] == name and _is_own_name(name):
                content["current"] = None
            self._write(content)

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
        return {"current": content.get("current"), "profiles": profiles}

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

    def _unusable(self, error: OSError) -> UsageProblem:
        return UsageProblem(
            f"Cannot use {error.filename or self.path}: {error.strerror}.",
            advice="Logins are kept there; set XDG_CONFIG_HOME to use another folder.",
        )

    def _damaged(self) -> UsageProblem:
        return UsageProblem(f"{self.path} is damaged.", advice="Delete it and run: casare login")


def _url(name: str, entry: Mapping[str, Any]) -> str:
    url = entry.get("url")
    return url if isinstance(url, str) else name


def _is_ended(entry: Mapping[str, Any]) -> bool:
    return "access_token" in entry and entry["access_token"] is None


def _is_own_name(name: str) -> bool:
    return "://" not in name
