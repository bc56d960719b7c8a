"""The logins this user has made: what the client shares with them, and what only the command does with them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from casare._file_lock import take
from casare._login_file import (
    LOCK_POLL_SECONDS,
    LOCK_SECONDS,
    LoginFile,
    StoredLogin,
    address_of,
    config_folder,
    is_ended,
)
from cli.failures import ServerUnavailable, UsageProblem

__all__ = ["KnownProfile", "Profile", "ProfileStore", "config_folder"]

Profile = StoredLogin


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """A profile as the list shows it, without its tokens."""

    name: str
    url: str
    username: str
    is_logged_in: bool
    is_current: bool


class ProfileStore(LoginFile):
    """The file of profiles. Every method raises UsageProblem when the file or its folder cannot be used."""

    @contextmanager
    def locked(
        self, *, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic
    ) -> Iterator[None]:
        """Keeps other processes from changing profiles, and from spending their tokens, until the block ends.

        Raises ServerUnavailable when another one holds it for longer than the server could keep it waiting.
        """
        deadline = monotonic() + LOCK_SECONDS
        with self.open_lock() as lock:
            while not take(lock):
                if monotonic() >= deadline:
                    raise ServerUnavailable("Another casare command has been renewing a login for a minute.")
                sleep(LOCK_POLL_SECONDS)
            yield

    def known(self) -> list[KnownProfile]:
        """All profiles, by name."""
        content = self._read()
        return [
            KnownProfile(
                name,
                address_of(name, entry),
                str(entry.get("username")),
                not is_ended(entry),
                name == content.get("current"),
            )
            for name, entry in sorted(content["profiles"].items())
        ]

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
            if content.get("current") == name and "://" not in name:
                content["current"] = None
            self._write(content)

    def _refusal(self, message: str, advice: str) -> Exception:
        return UsageProblem(message, advice=advice)
