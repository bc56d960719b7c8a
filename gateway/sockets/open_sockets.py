"""The connections that are open at this gateway: how many, whose, and whether they still may be."""

from collections import Counter as Tally
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.identity import Caller
from gateway.routing import SocketKind
from gateway.settings import GatewaySettings
from shared.kernel.errors import RateLimited

_TOO_MANY: Final = "This credential has {most} connections open, which is the most it may have."
_FULL: Final = "This server has as many connections open as it may have."
RETRY_SECONDS: Final = 60


class OpenSockets:
    """Counted per credential and in total."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._most = settings.max_sockets
        self._most_each = {
            SocketKind.ROBOT: settings.max_robot_sockets_per_credential,
            SocketKind.STREAM: settings.max_streams_per_credential,
        }
        self._n_each: Tally[tuple[SocketKind, str]] = Tally()
        self._n_of_kind: Tally[SocketKind] = Tally()

    def of_kind(self, kind: SocketKind) -> int:
        """How many of one kind are open."""
        return self._n_of_kind[kind]

    @contextmanager
    def counted(self, kind: SocketKind, caller: Caller) -> Iterator[None]:
        """Count one more while the block runs. Raises `RateLimited` when that would be too many."""
        whose = (kind, caller.bucket_key)
        if self._n_of_kind.total() >= self._most:
            raise RateLimited(_FULL, RETRY_SECONDS)
        if self._n_each[whose] >= self._most_each[kind]:
            raise RateLimited(_TOO_MANY.format(most=self._most_each[kind]), RETRY_SECONDS)
        self._n_each[whose] += 1
        self._n_of_kind[kind] += 1
        try:
            yield
        finally:
            self._n_of_kind[kind] -= 1
            self._n_each[whose] -= 1
            if not self._n_each[whose]:
                del self._n_each[whose]
