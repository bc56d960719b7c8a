"""The bus as its users see it. Adapters: `in_process` (embedded) and `rabbitmq` (distributed)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

MAX_DELIVERIES: Final = 5
"""A message whose handler failed this often is parked (faults 21)."""


@dataclass(frozen=True, slots=True)
class Message:
    """An encoded event on its way out. `key` is the event type; topics match on it."""

    id: str
    key: str
    body: bytes


class Delivery(StrEnum):
    """Who receives a subscription's messages."""

    SHARED = "shared"
    """One replica handles each message; the messages outlive the replicas."""
    BROADCAST = "broadcast"
    """Every replica that is up handles each message; nothing waits for one that is down."""
    ANNOUNCED = "announced"
    """Every replica that is up hears what is announced instead of published; nothing is kept for anybody."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A named interest in event types. `topics` are topic patterns: `job.*`, `#`."""

    name: str
    topics: tuple[str, ...]
    delivery: Delivery = Delivery.SHARED
    prefetch: int = 64
    """How many unacknowledged messages a replica holds at most."""


class Handler(Protocol):
    """Handles one message body. Returning acknowledges it; raising makes it come again."""

    async def __call__(self, body: bytes) -> None: ...


class Bus(Protocol):
    """Publishes with confirmation and delivers at least once."""

    async def start(self) -> None:
        """Connect; keeps reconnecting in the background when the broker is away."""
        ...

    async def close(self) -> None:
        """Stop delivering, let handlers under way finish, disconnect."""
        ...

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        """For each message, whether the bus has taken responsibility for it. Never raises."""
        ...

    async def announce(self, message: Message) -> None:
        """Tell every replica that listens now; may be lost, comes at most once. Never raises.

        For hints that are of use only at once and can be found out otherwise: they cost no confirmation and no disk.
        """
        ...

    async def subscribe(self, subscription: Subscription, handler: Handler) -> None:
        """Deliver the subscription's messages to `handler` from now on."""
        ...

    async def check(self) -> None:
        """Return when messages can be published now; raise `Unavailable` when not."""
        ...


def topic_matches(pattern: str, key: str) -> bool:
    """AMQP topic rules: `*` is one word, `#` any number of words."""
    return _words_match(pattern.split("."), key.split("."))


def _words_match(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    if pattern[0] == "#":
        return any(_words_match(pattern[1:], words[n:]) for n in range(len(words) + 1))
    return bool(words) and pattern[0] in ("*", words[0]) and _words_match(pattern[1:], words[1:])
