"""Asks the sources in a thread, so that a server that hangs holds up neither keys nor clock."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from cli.client.connect import chosen_profile
from cli.failures import CommandFailed, ServerUnavailable
from cli.profiles import ProfileStore, config_folder
from cli.top.pacing import Pacing
from cli.top.snapshot import Snapshot
from cli.top.sources import SOURCES

if TYPE_CHECKING:
    from cli.client.api import Api

_NAP_SECONDS: Final = 0.5
_END_SECONDS: Final = 1.0


@contextmanager
def quiet_api() -> "Iterator[tuple[Api, str, str]]":
    """The API that makes each call once and writes nothing on the screen; its address, and who is logged in."""
    from casare._retrying import NO_RETRIES
    from cli.client.address import choose_server
    from cli.client.api import Api
    from cli.client.session import Session
    from cli.client.transport import Transport
    from shared.kernel.clock import SystemClock

    store = ProfileStore(config_folder())
    server = choose_server(None, chosen_profile(), store)
    transport = Transport(server.url, lambda _: None, NO_RETRIES)  # the next look is the repeat
    profile = store.get(server.profile)
    session = Session(store, transport, SystemClock(), name=server.profile)
    try:
        yield Api(session), server.url, profile.username if profile else ""
    finally:
        transport.close()


def read_once(api: "Api", snapshot: Snapshot) -> None:
    """Ask every source once. Raises CommandFailed."""
    for source in SOURCES:
        now_ms = _now_ms()
        snapshot.answered(source.name, source.read(api, now_ms), now_ms)


class Polling:
    """Keeps a snapshot up to date until it is stopped. `changed` is called, in its thread, after each answer."""

    def __init__(self, api: Any, snapshot: Snapshot, changed: Callable[[], None]) -> None:
        self._api = api
        self._snapshot = snapshot
        self._changed = changed
        self._pacing = Pacing()
        self._stop = threading.Event()
        # A daemon, since a call may hang for a minute, and leaving must not take that long.
        self._thread = threading.Thread(target=self._run, name="top-polling", daemon=True)
        self.failure: CommandFailed | None = None
        """Why it ended by itself: the login is over, or was never permitted to look."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set() and self.failure is None:
            source = self._pacing.due(time.monotonic())
            if source is None:
                self._stop.wait(min(_NAP_SECONDS, self._pacing.seconds_until_next(time.monotonic())))
                continue
            try:
                answer = source.read(self._api, _now_ms())
            except ServerUnavailable as error:
                self._unanswered(source, error)
            except CommandFailed as error:
                self.failure = error
            except Exception as error:  # noqa: BLE001 - a client that is closed under way fails in its own words
                self._snapshot.silent(f"{type(error).__name__}: {error}", _now_ms())
                self._pacing.silent(time.monotonic())
            else:
                self._snapshot.answered(source.name, answer, _now_ms())
                self._pacing.answered(source, time.monotonic())
            self._changed()

    def _unanswered(self, source: Any, error: ServerUnavailable) -> None:
        now = time.monotonic()
        if error.retry_after_seconds is not None:
            self._pacing.refused(source, now, error.retry_after_seconds)
        else:
            self._pacing.silent(now)
        self._snapshot.silent(str(error), _now_ms())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
