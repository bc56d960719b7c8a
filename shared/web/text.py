"""Text from users: no NUL and no control characters but tab and line ends, so that it can be stored and shown."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_IDENTIFIER: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$")


def _checked_text(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise ValueError("control characters are not allowed")
    return text


def is_identifier(text: str) -> bool:
    """Whether `text` may be an `Identifier`."""
    return _IDENTIFIER.match(text) is not None


def _checked_identifier(text: str) -> str:
    if not is_identifier(text):
        raise ValueError("only letters, digits and . _ : @ - are allowed, starting with a letter or digit")
    return text


Text = Annotated[str, AfterValidator(_checked_text)]
"""Free text."""

Identifier = Annotated[str, AfterValidator(_checked_identifier)]
"""A name that appears in URLs, keys and logs: a robot's id, an environment, a capability."""
