"""Waiting for something that happens elsewhere, without guessing how long it takes.

A probe passes when it returns a truthy value. A probe declared `-> None` only asserts: it passes when it stops raising
AssertionError. Any other exception is the probe's own failure and ends the wait at once.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from types import NoneType
from typing import Any, Final, TypeVar, overload

_T = TypeVar("_T")

_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.25
_GROWTH: Final = 1.5
_LAST_ATTEMPT_SECONDS: Final = 1.0


@overload
async def eventually(
    probe: Callable[[], Awaitable[_T | None]], *, timeout_seconds: float = 5, because: str = ""
) -> _T: ...
@overload
async def eventually(probe: Callable[[], _T | None], *, timeout_seconds: float = 5, because: str = "") -> _T: ...
async def eventually(probe: Callable[[], Any], *, timeout_seconds: float = 5, because: str = "") -> Any:
    """What `probe` (sync or async) returns once it passes.

    Raises AssertionError, with `because` and what was last seen, `timeout_seconds` later; a probe that hangs is
    cancelled a second after that.
    """
    wait = _Wait(probe, timeout_seconds, because)
    while not wait.passed:
        try:
            async with asyncio.timeout(wait.remaining_seconds + _LAST_ATTEMPT_SECONDS) as limit:
                wait.saw(await _result_of(probe))
        except AssertionError as refusal:
            wait.refused(refusal)
        except TimeoutError:
            if not limit.expired():
                raise
            wait.give_up("the probe did not return")
        if not wait.passed:
            await asyncio.sleep(wait.next_pause_seconds())
    return wait.value


def wait_until(probe: Callable[[], _T | None], *, timeout_seconds: float = 5, because: str = "") -> _T:
    """As `eventually`, blocking, for code that runs outside an event loop."""
    wait = _Wait(probe, timeout_seconds, because)
    while not wait.passed:
        try:
            wait.saw(probe())
        except AssertionError as refusal:
            wait.refused(refusal)
        if not wait.passed:
            time.sleep(wait.next_pause_seconds())
    value: _T = wait.value
    return value


class _Wait:
    """What the probe said so far, and how much longer to ask."""

    def __init__(self, probe: Callable[[], object], timeout_seconds: float, because: str) -> None:
        self._only_asserts = _returns_nothing(probe)
        self._timeout_seconds = timeout_seconds
        self._because = because
        self._deadline = time.monotonic() + timeout_seconds
        self._pause_seconds = _FIRST_PAUSE_SECONDS
        self._last_seen = "nothing"
        self._refusal: AssertionError | None = None
        self.passed = False
        self.value: Any = None

    @property
    def remaining_seconds(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def saw(self, value: object) -> None:
        self.value = value
        self._last_seen, self._refusal = f"the probe returned {value!r}", None
        self.passed = self._only_asserts or bool(value)

    def refused(self, refusal: AssertionError) -> None:
        self._last_seen, self._refusal = f"the probe failed: {refusal}", refusal

    def next_pause_seconds(self) -> float:
        remaining = self.remaining_seconds
        if remaining <= 0:
            self.give_up(self._last_seen)
        pause = min(self._pause_seconds, remaining)
        self._pause_seconds = min(self._pause_seconds * _GROWTH, _LONGEST_PAUSE_SECONDS)
        return pause

    def give_up(self, last_seen: str) -> None:
        reason = f" (because: {self._because})" if self._because else ""
        raise AssertionError(
            f"not within {self._timeout_seconds:g} s{reason}; last seen: {last_seen}"
        ) from self._refusal


def _returns_nothing(probe: Callable[[], object]) -> bool:
    try:
        return inspect.signature(probe).return_annotation in (None, "None", NoneType)
    except ValueError:  # a builtin that does not tell
        return False


async def _result_of(probe: Callable[[], Any]) -> Any:
    result = probe()
    return await result if inspect.isawaitable(result) else result
