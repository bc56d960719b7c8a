"""The activity as Server-Sent Events (WHATWG HTML, 9.2)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.frames import Encoded
from shared.kernel.clock import iso_utc

KEEP_ALIVE: Final = ":\n\n"
"""A comment, so that nobody on the way takes the stream for dead."""

_encoder: Final = msgspec.json.Encoder()


class EventNotice(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the tenant's activity; its SSE `event` is `event_type`, its `id` is `seq`."""

    seq: int
    event_type: str
    timestamp: str
    version: int
    """Of the job, robot or other thing that the event is about."""
    data: dict[str, Any]
    """As in `GET /metrics/activity`."""


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """The first one: where the tenant's events stand."""

    seq: int
    timestamp: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events a client gets."""

    types: frozenset[str] | None = None
    """Only these, in the public spelling; None for all."""
    prefixes: tuple[str, ...] = ("",)
    """Only those that begin with one of these."""

    def takes(self, event_type: str) -> bool:
        """Whether the client gets events of this type."""
        return event_type.startswith(self.prefixes) and (self.types is None or event_type in self.types)

    def known(self, every_type: Collection[str]) -> frozenset[str] | None:
        """The types to look for in the store; None for all."""
        if self.types is None and self.prefixes == ("",):
            return None
        return frozenset(each for each in self.types or every_type if self.takes(each))


def notice_of(entry: ActivityEntry) -> Encoded:
    """The event as the stream has it."""
    notice = EventNotice(
        seq=entry.seq,
        event_type=entry.event_type,
        timestamp=iso_utc(entry.at_ms),
        version=entry.version,
        data=msgspec.json.decode(entry.data_json),
    )
    return block(entry.event_type, entry.seq, notice)


def block(event: str, seq: int, data: msgspec.Struct) -> Encoded:
    """One event of the stream. JSON has no line breaks of its own, so that `data` is one line."""
    return Encoded(seq, f"id: {seq}\nevent: {event}\ndata: {_encoder.encode(data).decode()}\n\n")
