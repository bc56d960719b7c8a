"""Parked events as operators see them: what no handler could take, and what is to become of it.

Adapters: `parking` (the in-process bus' lot in the store) and `parked_in_rabbitmq` (the `.parked` queues).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from shared.events import CloudEvent, decode
from shared.events.envelope import MalformedEvent

MOST_AT_ONCE: Final = 10_000
"""Events that one call reads, replays or discards at the most: what it holds meanwhile stays in memory."""

Progress = Callable[[int], None]
"""Called with how many events are dealt with so far."""


@dataclass(frozen=True, slots=True)
class ParkedQueue:
    """What one subscription has parked."""

    subscription: str
    count: int
    oldest_ms: int | None
    """When the one parked first was parked; None when that is not known, or nothing is parked."""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """One event that one subscription could not handle."""

    id: str
    subscription: str
    type: str
    reason: str
    parked_ms: int | None
    body: bytes

    @property
    def event(self) -> CloudEvent | None:
        """The event itself; None when the bytes are no event, which may be why they are parked."""
        try:
            return decode(self.body)
        except (MalformedEvent, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a subscription's parked events are meant; without anything said, all."""

    event_id: str | None = None
    event_type: str | None = None

    def takes(self, event: ParkedEvent) -> bool:
        """Whether `event` is meant."""
        return self.event_id in (None, event.id) and self.event_type in (None, event.type)


ALL: Final = Selection()


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the events that were to be handled again."""

    count: int
    """Handed back to the subscription, which runs."""
    came_back: tuple[str, ...] = ()
    """Ids of those that were parked again meanwhile."""
    waiting: int = 0
    """To be handled when the installation runs, or runs again: nobody has taken them yet."""


class ParkedEvents(Protocol):
    """The parked events of an installation. Every method raises `Unavailable`."""

    async def queues(self) -> list[ParkedQueue]:
        """Every subscription that has parked something, by name."""
        ...

    async def events(self, subscription: str, selection: Selection = ALL, *, limit: int = 100) -> list[ParkedEvent]:
        """Those selected, the one parked first first. They stay parked."""
        ...

    async def replay(
        self,
        subscription: str,
        selection: Selection = ALL,
        *,
        limit: int = MOST_AT_ONCE,
        progress: Progress = lambda _: None,
    ) -> Replayed:
        """Hand those selected back to this one subscription, each once.

        The parked copy goes only when the event is safe elsewhere: dying in between repeats it, which consumers take.
        """
        ...

    async def discard(
        self,
        subscription: str,
        selection: Selection = ALL,
        *,
        limit: int = MOST_AT_ONCE,
        progress: Progress = lambda _: None,
    ) -> int:
        """Delete those selected; returns how many. They are never handled."""
        ...
