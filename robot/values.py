"""The values that flow through a workflow: JSON's, exact decimals and dates."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import msgspec

MAX_NESTING = 64

Decimals = Literal["string", "number"]

_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "nothing"),
    (bool, "true/false"),
    (int, "a whole number"),
    (float, "a number"),
    (Decimal, "a decimal"),
    (str, "a text"),
    (date, "a date"),
    ((list, tuple), "a list"),
    (dict, "a record"),
)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ValueTooLarge(Exception):
    """A value holds more than the caller can take, or is nested deeper than MAX_NESTING."""


def kind_of(value: object) -> str:
    """Returns what messages call this value, for example `a whole number`."""
    for types, name in _KINDS:
        if isinstance(value, types):
            return name
    return f"a {type(value).__name__}"


def size_of(value: object, limit: int) -> int:
    """Returns the number of characters and items in `value`, shared parts counted as often as they appear.

    Stops early: a few lists that contain each other can unfold to more than any memory. Raises ValueTooLarge.
    """
    size = 0
    open_values: list[tuple[object, int]] = [(value, 0)]
    while open_values:
        current, depth = open_values.pop()
        size += len(current) if isinstance(current, str) else 1
        if size > limit or depth > MAX_NESTING:
            raise ValueTooLarge(f"more than {limit:,} characters and items, or nested over {MAX_NESTING} levels")
        open_values.extend((child, depth + 1) for child in _children(current))
    return size


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return list(value) if isinstance(value, list | tuple) else []


def text_of(value: object) -> str:
    """Returns the value as people read it: decimals in full, dates in ISO 8601, lists and records as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list | tuple | dict):
        return encode_json(value).decode()
    return str(value)


def encode_json(value: object, *, decimals: Decimals = "string", indent: int = 0) -> bytes:
    """Returns UTF-8 JSON in which a decimal keeps all its digits, as a string or as a number."""
    encoded = _ENCODER.encode(_tidied(value, _DECIMALS[decimals]))
    return msgspec.json.format(encoded, indent=indent) if indent else encoded


def plain(value: object) -> Any:
    """Returns the value with only what every JSON reader and store can hold.

    Decimals and whole numbers beyond 64 bits become texts with all their digits, dates texts in ISO 8601.
    """
    return _tidied(value, {Decimal: text_of, int: _storable})


def _tidied(value: Any, rules: Mapping[type, Callable[[Any], Any]]) -> Any:
    if isinstance(value, dict):
        return {_sound(text_of(key)): _tidied(each, rules) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_tidied(each, rules) for each in value]
    if isinstance(value, str):
        return _sound(value)
    if value is None or isinstance(value, bool | float):
        return value
    unruled: Callable[[Any], Any] = _as_is if isinstance(value, int | Decimal) else text_of
    return rules.get(type(value), unruled)(value)


def _storable(number: int) -> int | str:
    return number if -(2**63) <= number < 2**63 else str(number)


def _as_is(value: Any) -> Any:
    return value


def _sound(text: str) -> str:
    # Half of a surrogate pair, as careless JSON holds it, has no UTF-8.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


_DECIMALS: dict[Decimals, dict[type, Callable[[Any], Any]]] = {"string": {Decimal: text_of}, "number": {}}
