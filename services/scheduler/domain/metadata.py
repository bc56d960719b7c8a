"""What callers may keep with a schedule."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from shared.kernel.errors import Invalid
from shared.kernel.json_limits import nesting_exceeds

MAX_BYTES: Final = 64 * 1024
"""Of the metadata as compact JSON."""
MAX_LEVELS: Final = 64
"""Of objects and arrays inside each other, the outermost one included."""


def metadata_json(metadata: Mapping[str, Any]) -> str:
    """The metadata as JSON text. Raises `Invalid` when they are too large or nested too deep."""
    if nesting_exceeds(metadata, MAX_LEVELS):
        raise Invalid.field("metadata", f"is nested more than {MAX_LEVELS} levels deep")
    text = msgspec.json.encode(metadata)
    if len(text) > MAX_BYTES:
        raise Invalid.field("metadata", f"takes {len(text)} bytes; at most {MAX_BYTES} are allowed")
    return text.decode()
