"""Calls over HTTP as the client makes them, with a word to the user about what takes long."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from casare._address import DEFAULT_URL
from casare._calls import Call
from casare._retrying import Retries
from casare._settings import Connection
from casare._sync.exchange import Exchange
from cli.failures import ServerUnavailable, as_usage_problem

RETRIES: Final = Retries(tries=4, first_wait_seconds=0.4, deadline_seconds=300)
"""Whoever is told to come back later than in half a minute is told so, and not kept waiting."""
# The gateway waits up to 60 s for a service.
TIMEOUT_SECONDS: Final = 65.0
WORTH_A_WORD_SECONDS: Final = 2.0
PIECE_BYTES: Final = 256 * 1024

Notify = Callable[[str], None]
Sent = Callable[[int], None]
"""Told how many bytes of a body have been handed over so far."""


@dataclass(frozen=True, slots=True)
class Upload(Call[Any]):
    """A call with a large content; `sent` is told how much of it is under way."""

    sent: Sent = field(kw_only=True)


class Transport(Exchange):
    """One server. `notify` is told about waits that a person would notice."""

    agent = "casare-cli"

    def __init__(self, url: str, notify: Notify, retries: Retries = RETRIES) -> None:
        connection = Connection(url, retries, TIMEOUT_SECONDS, verify=True)
        super().__init__(connection, random.Random())  # noqa: S311 (spreads retries, guards nothing)
        self._notify = notify

    @as_usage_problem()
    def send(self, call: Call[Any], token: str | None = None, within_seconds: float = math.inf) -> httpx.Response:
        """The last answer, whatever its status. Raises ServerUnavailable when there is none."""
        return super().send(call, token, within_seconds)

    def pause(self, seconds: float) -> None:
        """Waits before the next try."""
        if seconds > WORTH_A_WORD_SECONDS:
            self._notify(f"The server asks to wait; trying again in {seconds:.0f} s …")
        super().pause(seconds)

    def content(self, call: Call[Any]) -> bytes | Iterator[bytes] | None:
        """What the call sends, for one try."""
        if isinstance(call, Upload) and call.content is not None:
            return _told(call.content, call.sent)
        return super().content(call)

    def unreachable(self, error: httpx.RequestError) -> ServerUnavailable:
        """What it means that there was no answer."""
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout):
            return ServerUnavailable(f"The server at {self.url} did not answer in time.", advice="Try again later.")
        reason = str(error) or type(error).__name__
        advice = "Is it running? `casare up` starts one on this machine." if self.url == DEFAULT_URL else _ELSEWHERE
        return ServerUnavailable(f"Cannot reach the server at {self.url} ({reason}).", advice=advice)


def _told(content: bytes, sent: Sent) -> Iterator[bytes]:
    """The content in pieces; `sent` hears of each."""
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]
        sent(min(start + PIECE_BYTES, len(content)))


_ELSEWHERE: Final = "Is it running? CASARE_URL, or `casare login --url`, names another one."
