"""Which calls are made again, and after how long."""

import math
import random
import threading
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from casare._calls import Call

_TENTHS: Final = 10
_IN_PROGRESS: Final = b"IDEMPOTENCY_IN_PROGRESS"
_NOTHING_WAS_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

Outcome = httpx.Response | httpx.RequestError


@dataclass(frozen=True, slots=True)
class Retries:
    """How persistent the client is.

    A call is tried `tries` times at most, and no try begins later than `deadline_seconds` after the first. Waits are
    chosen by chance between 0 and `first_wait_seconds`, doubled at each try up to `longest_wait_seconds`. What
    `Retry-After` asks for is waited for in addition; when it asks for more than `longest_wait_seconds`, the error is
    raised at once and says so. `budget` bounds the repeats of the whole client, so that many calls do not multiply the
    load of a server in trouble: each repeat takes one from it, each success gives a tenth back.
    """

    tries: int = 5
    deadline_seconds: float = 120.0
    first_wait_seconds: float = 0.3
    longest_wait_seconds: float = 30.0
    budget: int = 50


NO_RETRIES: Final = Retries(tries=1)
"""Every call is made once."""


class RetryPolicy:
    """Decides for one client. May be asked by several threads."""

    def __init__(self, retries: Retries, rng: random.Random) -> None:
        self._retries = retries
        self._rng = rng
        self._tenths_left = retries.budget * _TENTHS
        self._guard = threading.Lock()

    def deadline_seconds(self, within_seconds: float = math.inf) -> float:
        """How long a call may take with all its tries, when it is of use `within_seconds` only."""
        return min(self._retries.deadline_seconds, within_seconds)

    def wait_seconds(
        self,
        call: Call[Any],
        outcome: Outcome,
        *,
        tries: int,
        elapsed_seconds: float,
        now_seconds: float,
        within_seconds: float = math.inf,
    ) -> float | None:
        """How long to wait before the call is made again after `tries` of them; None when its outcome stands."""
        if not _is_passing(call, outcome):
            self._give_back(outcome)
            return None
        if tries >= self._retries.tries:
            return None
        whole = min(self._retries.longest_wait_seconds, self._retries.first_wait_seconds * 2.0 ** min(tries - 1, 30))
        wait = self._rng.uniform(0, whole)
        asked = retry_after_seconds(outcome, now_seconds) if isinstance(outcome, httpx.Response) else None
        if asked is not None and asked > self._retries.longest_wait_seconds:
            return None
        wait += asked or 0.0
        if elapsed_seconds + wait > self.deadline_seconds(within_seconds):
            return None
        return wait if self._take() else None

    def _take(self) -> bool:
        with self._guard:
            if self._tenths_left < _TENTHS:
                return False
            self._tenths_left -= _TENTHS
            return True

    def _give_back(self, outcome: Outcome) -> None:
        if isinstance(outcome, httpx.Response):
            with self._guard:
                self._tenths_left = min(self._retries.budget * _TENTHS, self._tenths_left + 1)


def retry_after_seconds(response: httpx.Response, now_seconds: float) -> float | None:
    """What `Retry-After` says, in seconds or as an HTTP date (RFC 9110, 10.2.3); None when it says nothing."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000": UTC from a place that is not told
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now_seconds)


def is_untrusted(error: httpx.RequestError) -> bool:
    """Whether the server's certificate is why there is no connection: it will be the same the next time."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _is_passing(call: Call[Any], outcome: Outcome) -> bool:
    """Whether a repeat may help, and can do no harm."""
    if isinstance(outcome, _NOTHING_WAS_SENT):
        return not is_untrusted(outcome)
    if isinstance(outcome, httpx.RequestError):
        return call.repeatable and isinstance(outcome, httpx.TransportError)
    if outcome.status_code == 429:
        return True  # refused before anything was done
    if outcome.status_code == 409:
        # An earlier try of ours is still being worked on; its answer will be this one's.
        return call.repeatable and _IN_PROGRESS in outcome.content
    return call.repeatable and outcome.status_code in (502, 503, 504)
