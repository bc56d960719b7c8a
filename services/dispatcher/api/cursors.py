"""Cursors of lists: the last shown place, opaque to callers."""

import base64
import binascii
import re
from typing import Annotated, Final

from fastapi import Query

from shared.jobs.position import MS_DIGITS, tenant_prefix
from shared.kernel.errors import Invalid

Cursor = Annotated[
    str | None,
    Query(min_length=1, max_length=1_000, description="`next_cursor` of the page before; omit it for the first page"),
]
_RANK: Final = re.compile(rf"[0-9]{{{MS_DIGITS}}}\|[^|]+", re.ASCII)


def to_cursor(place: str | None) -> str | None:
    """The cursor behind `place`; None stays None."""
    return None if place is None else base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def from_cursor(cursor: str | None, tenant_id: str) -> str | None:
    """The place in a cursor of this tenant's lists. Raises `Invalid` for one that no list of the tenant gave."""
    if cursor is None:
        return None
    place = _decoded(cursor)
    prefix = tenant_prefix(tenant_id)
    if place is None or to_cursor(place) != cursor or not place.startswith(prefix):
        raise _refused()
    if not _RANK.fullmatch(place.removeprefix(prefix)):
        raise _refused()
    return place


def _decoded(cursor: str) -> str | None:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _refused() -> Invalid:
    return Invalid.field("cursor", "not a cursor of this list")
