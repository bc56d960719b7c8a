"""Where a change comes from: who asked for it, from which address, in which request.

The middleware sets it for a request and the consumer for an event that it handles; every event written meanwhile
carries it (`shared/events/envelope.py`), so that the audit can tell who did what. A duty has none: the system did it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Origin:
    """All fields are empty when nobody asked."""

    actor_kind: str = ""
    """As `Identity.kind`."""
    actor_id: str = ""
    """As `Identity.subject`."""
    address: str = ""
    """The client's address as the gateway knows it."""
    request_id: str = ""


SYSTEM: Final = Origin()

_current: Final[ContextVar[Origin]] = ContextVar("origin", default=SYSTEM)


def current_origin() -> Origin:
    """The origin of what is being done now."""
    return _current.get()


@contextmanager
def originating(origin: Origin) -> Iterator[None]:
    """What is done within the block comes from `origin`."""
    before = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(before)
