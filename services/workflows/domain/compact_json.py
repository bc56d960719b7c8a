"""JSON text read piece by piece.

Parsing 50 MB in one call builds millions of objects and holds the interpreter for two seconds, from a thread too; every
other request, heartbeat and lease would wait. Here a large object or array is first cut into its members, which are
read one after the other and dropped: nothing piles up, and others get their turn in between.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from shared.kernel.json_limits import nesting_exceeds

JsonText = bytes | msgspec.Raw
"""The text of one JSON value; a member cut out of a larger text is a view of it, not a copy."""
PIECE_BYTES: Final = 256 * 1024
"""A piece up to this size is read in one call."""
SCALARS_PER_CONTAINER: Final = 16
"""A list with more scalars for each object or array in it is read in one call too."""

_objects: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_arrays: Final = msgspec.json.Decoder(list[msgspec.Raw])
_OPENS_OBJECT: Final = b"{"
_OPENS_ARRAY: Final = b"["


class Unreadable(Exception):
    """The text holds no value that may be used."""


class NotJson(Unreadable):
    """The text breaks RFC 8259, or its value is of another kind."""


class NestedTooDeep(Unreadable):
    """The value is nested deeper than it may be, or than can be read at all."""


def size_of(text: JsonText) -> int:
    """Bytes of the text."""
    return memoryview(text).nbytes


def is_object(text: JsonText) -> bool:
    """Whether the value is an object; the text begins without white space, as members do."""
    return _first_byte(text) == _OPENS_OBJECT


def is_array(text: JsonText) -> bool:
    """Whether the value is an array."""
    return _first_byte(text) == _OPENS_ARRAY


def members_of(text: JsonText) -> dict[str, msgspec.Raw]:
    """The members of an object, unread. Raises NotJson, also when the text is no object, NestedTooDeep."""
    members: dict[str, msgspec.Raw] = _read(text, _objects)
    return members


def elements_of(text: JsonText) -> list[msgspec.Raw]:
    """The elements of an array, unread. Raises NotJson, also when the text is no array, NestedTooDeep."""
    elements: list[msgspec.Raw] = _read(text, _arrays)
    return elements


def read(text: JsonText, kind: Any = Any) -> Any:
    """The value, as `kind`. Raises NotJson, NestedTooDeep."""
    return _read(text, msgspec.json.Decoder(kind))


def compacted(text: JsonText, max_levels: int) -> bytes:
    """The text without white space and with each name once. Raises NotJson, NestedTooDeep beyond `max_levels`."""
    return b"".join(_compact(text, max_levels))


def check_levels(value: object, max_levels: int) -> None:
    """Raises NestedTooDeep when `value` holds objects or arrays inside each other beyond `max_levels`, itself one."""
    if nesting_exceeds(value, max_levels):
        raise NestedTooDeep


def _compact(text: JsonText, levels_left: int) -> Iterator[bytes]:
    if size_of(text) <= PIECE_BYTES or not _is_worth_cutting(text):
        value = read(text)
        check_levels(value, levels_left)
        yield msgspec.json.encode(value)
    elif levels_left == 0:
        raise NestedTooDeep
    elif is_object(text):
        yield from _compact_object(text, levels_left - 1)
    else:
        yield from _compact_array(text, levels_left - 1)


def _is_worth_cutting(text: JsonText) -> bool:
    """Numbers and texts are read quickly, however many: cutting a long list of them costs more than it spares."""
    if not is_array(text):
        return is_object(text)
    content = bytes(text)
    return (content.count(b"{") + content.count(b"[")) * SCALARS_PER_CONTAINER > content.count(b",")


def _compact_object(text: JsonText, levels_left: int) -> Iterator[bytes]:
    opening = _OPENS_OBJECT
    for name, member in members_of(text).items():
        yield opening + msgspec.json.encode(name) + b":"
        yield from _compact(member, levels_left)
        opening = b","
    yield b"{}" if opening == _OPENS_OBJECT else b"}"


def _compact_array(text: JsonText, levels_left: int) -> Iterator[bytes]:
    opening = _OPENS_ARRAY
    for element in elements_of(text):
        yield opening
        yield from _compact(element, levels_left)
        opening = b","
    yield b"[]" if opening == _OPENS_ARRAY else b"]"


def _read(text: JsonText, decoder: "msgspec.json.Decoder[Any]") -> Any:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(str(error)) from error
    except RecursionError as error:
        raise NestedTooDeep("it is nested too deep") from error


def _first_byte(text: JsonText) -> bytes:
    return bytes(memoryview(text)[:1])
