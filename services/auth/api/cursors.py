"""Where a listing goes on, as text that clients hand back unread."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, TypeVar

import msgspec

from shared.kernel.errors import Invalid

ValueT = TypeVar("ValueT")


def pack(value: Any) -> str:
    """`value` as a cursor."""
    return urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def unpack(cursor: str, kind: type[ValueT]) -> ValueT:
    """What `pack` was given. Raises `Invalid` for what it did not make."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Invalid.field("cursor", "must be a cursor of an earlier answer") from error
