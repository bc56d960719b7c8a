"""Opens the API at the server in force. Light to import: `casare --help` must not wait for an HTTP client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.output import note
from cli.profiles import ProfileStore, config_folder

if TYPE_CHECKING:
    from cli.client.api import Api
    from cli.client.session import Session


@contextmanager
def connect() -> "Iterator[Api]":
    """The API, as the user who has logged in there."""
    from cli.client.api import Api
    from shared.kernel.ids import new_id

    with connect_session(None) as session:
        yield Api(session, new_id)


@contextmanager
def connect_session(url: str | None) -> "Iterator[Session]":
    """The login at `url`, or at the server in force when None."""
    import random

    from cli.client.address import choose_url
    from cli.client.retrying import RetryPolicy
    from cli.client.session import Session
    from cli.client.transport import Transport
    from shared.kernel.clock import SystemClock

    store = ProfileStore(config_folder())
    policy = RetryPolicy(random.Random())  # noqa: S311 (spreads retries, guards nothing)
    transport = Transport(choose_url(url, store), policy, note)
    try:
        yield Session(store, transport, SystemClock())
    finally:
        transport.close()
