"""What the figures accept from an event before any of it is stored.

A value that the store could not keep (or not find again) is refused here, one event at a time: further on, events are
written in groups, and a group must not fail for one of its members.
"""

import re
from typing import Final

from shared.events import CloudEvent, MalformedEvent

LATEST_MS: Final = 99_999_999_999_999
"""The last moment of fourteen digits (year 5138): positions are compared as text of that width."""

_IDENTIFIER: Final = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_EVENT_TYPE: Final = re.compile(r"[a-z0-9_]{1,60}(\.[a-z0-9_]{1,60}){0,3}")


def check_envelope(event: CloudEvent) -> None:
    """Raise `MalformedEvent` when id, tenant, type or time of `event` cannot be stored."""
    require_identifier(event, "id", event.id)
    require_identifier(event, "tenantid", event.tenantid)
    require_moment(event, "timems", event.timems)
    if not _EVENT_TYPE.fullmatch(event.type):
        raise MalformedEvent(f"{event.id}: type is no event type")


def require_identifier(event: CloudEvent, name: str, value: str) -> None:
    """Raise `MalformedEvent` unless `value` is 1–200 characters without control characters."""
    if not _IDENTIFIER.fullmatch(value):
        raise MalformedEvent(f"{event.type} {event.id}: {name} is no identifier")


def require_moment(event: CloudEvent, name: str, value_ms: int) -> None:
    """Raise `MalformedEvent` unless `value_ms` is a time of the years 1970–5138."""
    if not 0 <= value_ms <= LATEST_MS:
        raise MalformedEvent(f"{event.type} {event.id}: {name} is no time")
