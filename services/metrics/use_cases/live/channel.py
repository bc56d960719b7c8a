"""Frames made once for everybody who follows the same of one tenant."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol, TypeVar

import structlog

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.frames import Encoded, Frame, encoded
from services.metrics.use_cases.live.subscriber import Ending, Subscriber

AT_ONCE: Final = 100
"""So many frames are told of a sudden: a tenth of what may wait for a client."""
BREAK_SECONDS: Final = 0.02

ItemT = TypeVar("ItemT")

_log: Final = structlog.get_logger(__name__)


class Channel(Protocol):
    """What one kind of stream tells of one tenant. Exists while somebody follows it."""

    audience: "Audience"

    def heard(self, entries: Sequence[ActivityEntry]) -> None:
        """The next events, each once and in order."""
        ...

    async def run(self) -> None:
        """What the channel does by itself, until it is cancelled."""
        ...


class Audience:
    """Everybody who follows one channel."""

    def __init__(self) -> None:
        self._subscribers: set[Subscriber] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def add(self, subscriber: Subscriber) -> None:
        """Tell `subscriber` everything from now on."""
        self._subscribers.add(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Tell it no more."""
        self._subscribers.discard(subscriber)

    def tell(self, frame: Frame) -> None:
        """Send `frame` to all, encoded once."""
        self.tell_encoded(encoded(frame))

    def tell_encoded(self, frame: Encoded) -> None:
        """Send `frame` to all."""
        for subscriber in self._subscribers:
            subscriber.tell(frame)

    def end(self, why: Ending) -> None:
        """End all their streams."""
        for subscriber in self._subscribers:
            subscriber.end(why)


async def every(seconds: float, act: "Act", wake: asyncio.Event | None = None) -> None:
    """Do `act` over and over, `seconds` apart or when `wake` is set; what fails is done again the next time."""
    while True:
        try:
            await act()
        except Exception as error:  # noqa: BLE001 - those who follow must not be left without news
            _log.warning("live_channel_failed", reason=f"{type(error).__name__}: {error}")
        await _pause(seconds, wake)


async def _pause(seconds: float, wake: asyncio.Event | None) -> None:
    if wake is None:
        await asyncio.sleep(seconds)
        return
    try:
        await asyncio.wait_for(wake.wait(), seconds)
    except TimeoutError:
        return
    wake.clear()


async def in_pieces(items: Sequence[ItemT]) -> AsyncIterator[Sequence[ItemT]]:
    """The items, `AT_ONCE` of them at a time. In between, those who follow get to read what was told: a thousand frames
    at once would drop everybody, however fast."""
    for start in range(0, len(items), AT_ONCE):
        if start > 0:
            await asyncio.sleep(BREAK_SECONDS)
        yield items[start : start + AT_ONCE]


class Act(Protocol):
    """One round."""

    async def __call__(self) -> object: ...


Position = Callable[[], int]
"""The number of the last event that was handed to the channels."""
