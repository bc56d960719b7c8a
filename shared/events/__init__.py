"""Events as CloudEvents 1.0: one module per publisher, one frozen model per event.

A model may gain optional fields; a field is never renamed, retyped or removed: `tests/contracts/events/` holds a
golden sample of each, which must parse forever.
"""

from shared.events.envelope import CloudEvent, EventData, MalformedEvent, decode, encode, wrap
from shared.events.registry import EVENT_TYPES

__all__ = ["EVENT_TYPES", "CloudEvent", "EventData", "MalformedEvent", "decode", "encode", "wrap"]
