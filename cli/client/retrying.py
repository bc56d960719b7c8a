"""Which calls are made again, and after how long."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

TRIES: Final = 4
LONGEST_WAIT_SECONDS: Final = 30.0
"""Whoever is told to come back later than this is told so, and not kept waiting."""
_FIRST_WAIT_SECONDS: Final = 0.2
_IN_PROGRESS: Final = "IDEMPOTENCY_IN_PROGRESS"
_NOTHING_WAS_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

Outcome = httpx.Response | httpx.RequestError
Sent = Callable[[int], None]
"""Told how many bytes of a body have been handed over so far."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the API. `repeatable`: doing it twice has the effect of doing it once."""

    method: str
    path: str
    content: bytes | None = None
    params: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    sent: Sent | None = None


class RetryPolicy:
    """Repeats what failed in passing, up to four tries in all, after waits that double and vary by chance."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def wait_seconds(self, call: Call, outcome: Outcome, tries: int) -> float | None:
        """How long to wait before the call is made again after `tries` of them; None when its outcome stands."""
        if tries >= TRIES or not _is_passing(call, outcome):
            return None
        wait = self._rng.uniform(0.5, 1) * _FIRST_WAIT_SECONDS * float(2 ** (tries - 1))
        asked = retry_after_seconds(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is None:
            return wait
        return asked + wait if asked <= LONGEST_WAIT_SECONDS else None


def retry_after_seconds(response: httpx.Response) -> int | None:
    """What `Retry-After` says, where it says so in seconds."""
    text = response.headers.get("Retry-After", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _is_passing(call: Call, outcome: Outcome) -> bool:
    if isinstance(outcome, _NOTHING_WAS_SENT):
        return True
    if isinstance(outcome, httpx.RequestError):
        return call.repeatable and isinstance(outcome, httpx.TransportError)
    if outcome.status_code in (429, 503):
        return True
    if outcome.status_code == 409:
        # An earlier try of ours is still being worked on; its answer will be this one's (clarifications 15).
        return call.repeatable and _IN_PROGRESS in outcome.text
    return call.repeatable and outcome.status_code in (502, 504)
