"""Calls to the API, described without making them: both faces of the client share them."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

T = TypeVar("T")

ListOf = list
"""For classes that have a method called `list`."""

Value = str | int | bool | datetime | None
Params = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call. `repeatable`: doing it twice has the effect of doing it once. Its content is encoded once."""

    method: str
    path: str
    answer: type[T]
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = True


def get(path: str, answer: type[T], params: Params | None = None) -> Call[T]:
    """Reads; parameters that are None are left out."""
    return Call("GET", path, answer, _present(params))


def put(path: str, answer: type[T], body: object = None, key: str | None = None) -> Call[T]:
    """Leads to a state."""
    return Call("PUT", path, answer, content=_content(body), headers=_key_header(key))


def delete(path: str, answer: type[T]) -> Call[T]:
    """Removes."""
    return Call("DELETE", path, answer)


def create(path: str, answer: type[T], body: object = None, key: str | None = None) -> Call[T]:
    """Makes something, once: its idempotency key is `key` or a new one, and the same for every try."""
    return Call("POST", path, answer, content=_content(body), headers=_key_header(key or new_key()))


def act(path: str, answer: type[T], body: object = None, params: Params | None = None) -> Call[T]:
    """Does something whose repeat changes nothing."""
    return Call("POST", path, answer, _present(params), content=_content(body))


def once(path: str, answer: type[T], body: object) -> Call[T]:
    """Does something that must not be repeated blindly."""
    return Call("POST", path, answer, content=_content(body), repeatable=False)


def new_key() -> str:
    """An idempotency key."""
    return str(uuid.uuid4())


def encode_json(body: object) -> bytes:
    """`body` as JSON in UTF-8. Raises ValueError when a number in it is none of JSON's."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_encoded)
    try:
        return text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: JSON's escapes carry it to the server, who decides
        return json.dumps(body, separators=(",", ":"), allow_nan=False, default=_encoded).encode()


def fields(**values: object) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _encoded(value: object) -> object:
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value.isoformat()} has no time zone: say which, for example datetime.now(UTC)")
    return value.isoformat()


def _content(body: object) -> bytes | None:
    return None if body is None else encode_json(body)


def _key_header(key: str | None) -> dict[str, str]:
    if key is not None and not (key.isascii() and key.isprintable()):
        raise ValueError(f"idempotency_key: {key!r} cannot be sent: make it of visible ASCII, for example a UUID")
    return {} if key is None else {"Idempotency-Key": key}


def _present(params: Params | None) -> dict[str, str]:
    return {name: _text(value) for name, value in (params or {}).items() if value is not None}


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _moment(value) if isinstance(value, datetime) else str(value)
