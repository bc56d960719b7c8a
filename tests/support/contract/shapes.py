"""What answers must look like: shapes are plain Python data, compared with JSON as received."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value, by its name in the documentation."""

    name: str
    holds: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Maybe:
    """`shape`, or null."""

    shape: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values."""

    values: tuple[Any, ...]


def one_of(*values: Any) -> OneOf:
    """One of `values`."""
    return OneOf(values)


def _is_uuid(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TEXT: Final = Kind("string", lambda value: isinstance(value, str))
INTEGER: Final = Kind("integer", lambda value: isinstance(value, int) and not isinstance(value, bool))
NUMBER: Final = Kind("number", _is_number)
FLAG: Final = Kind("boolean", lambda value: isinstance(value, bool))
OBJECT: Final = Kind("object", lambda value: isinstance(value, dict))
UUID: Final = Kind("UUID", _is_uuid)
TIME: Final = Kind("time", _is_time)
"""ISO 8601 with a zone."""


def mismatches(value: Any, shape: Any, where: str = "answer") -> list[str]:
    """What of `value` is not as `shape` says; fields beyond it are welcome.

    A shape is a `Kind`, `Maybe`, `OneOf`, a value that must be equal, an object of shapes, or a list with the shape of
    each of its elements.
    """
    if isinstance(shape, dict):
        return _in_object(value, shape, where)
    if isinstance(shape, list):
        return _in_list(value, shape[0], where)
    if isinstance(shape, Maybe):
        return [] if value is None else mismatches(value, shape.shape, where)
    if isinstance(shape, Kind):
        return [] if shape.holds(value) else [f"{where} is no {shape.name}: {value!r}"]
    expected = shape.values if isinstance(shape, OneOf) else (shape,)
    return [] if value in expected else [f"{where} is {value!r}, not {' or '.join(map(repr, expected))}"]


def described(shape: Any) -> str:
    """The shape in words."""
    if isinstance(shape, dict):
        return "object"
    if isinstance(shape, list):
        return f"list of {described(shape[0])}"
    if isinstance(shape, Maybe):
        return f"{described(shape.shape)} or null"
    if isinstance(shape, Kind):
        return shape.name
    values = shape.values if isinstance(shape, OneOf) else (shape,)
    return " or ".join(f"`{value}`" for value in values)


def _in_object(value: Any, shape: dict[str, Any], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object: {value!r}"]
    missing = [f"{where} has no {name}" for name in shape if name not in value]
    wrong = [mismatches(value[name], inner, f"{where}.{name}") for name, inner in shape.items() if name in value]
    return missing + [each for found in wrong for each in found]


def _in_list(value: Any, shape: Any, where: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{where} is no list: {value!r}"]
    return [each for number, inner in enumerate(value) for each in mismatches(inner, shape, f"{where}[{number}]")]
