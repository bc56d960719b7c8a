"""How robots in the field say things: what is clear enough is taken, for a report that is refused runs its job again.

They write whole records, with null for what they leave out, and pass on texts, error codes and log levels as their
libraries give them.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from pydantic import (
    BaseModel,
    BeforeValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Said(BaseModel):
    """A part of a message; a field that is null was left out."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, said: Any) -> Any:
        return {name: value for name, value in said.items() if value is not None} if isinstance(said, Mapping) else said


def shown(longest: int) -> BeforeValidator:
    """Cut, and fit to be shown; a number, list or object as its JSON text."""

    def text_of(value: Any) -> str:
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return _UNPRINTABLE.sub("\ufffd", text[:longest])

    return BeforeValidator(text_of)


def unless_unclear(default: Any) -> WrapValidator:
    """What cannot be read is taken for `default`."""

    def read(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValidationError:
            return default

    return WrapValidator(read)
