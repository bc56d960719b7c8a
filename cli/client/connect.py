"""Opens the API at the server in force. Light to import: `casare --help` must not wait for an HTTP client."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from cli.output import note

if TYPE_CHECKING:
    from cli.client.api import Api
    from cli.client.session import Session


_profile: ContextVar[str | None] = ContextVar("profile", default=None)


def choose_profile(name: str | None) -> None:
    """What `--profile` or `CASARE_PROFILE` says, for all of this command's calls."""
    _profile.set(name)


def chosen_profile() -> str | None:
    """The profile that was asked for by its name."""
    return _profile.get()


@contextmanager
def connect() -> "Iterator[Api]":
    """The API, as the user who has logged in there."""
    from cli.client.api import Api

    with connect_session(None) as session:
        yield Api(session)


@contextmanager
def connect_session(url: str | None) -> "Iterator[Session]":
    """The login at `url`, or at the server in force when None."""
    from cli.client.address import choose_server
    from cli.client.session import Session
    from cli.client.transport import Transport
    from cli.profiles import ProfileStore, config_folder
    from shared.kernel.clock import SystemClock

    store = ProfileStore(config_folder())
    server = choose_server(url, chosen_profile(), store)
    transport = Transport(server.url, note)
    try:
        yield Session(store, transport, SystemClock(), name=server.profile)
    finally:
        transport.close()
