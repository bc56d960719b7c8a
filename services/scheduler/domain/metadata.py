"""What callers may keep with a schedule."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from shared.kernel.errors import Invalid

MAX_BYTES: Final = 64 * 1024
"""Of the metadata as compact JSON."""
MAX_LEVELS: Final = 64
"""Of objects and arrays inside each other, the outermost one included."""


def metadata_json(metadata: Mapping[str, Any]) -> str:
    """The metadata as JSON text. Raises `Invalid` when they are too large or nested too deep."""
    _check_nesting(metadata)
    text = msgspec.json.encode(metadata)
    if len(text) > MAX_BYTES:
        raise Invalid.field("metadata", f"takes {len(text)} bytes; at most {MAX_BYTES} are allowed")
    return text.decode()


def _check_nesting(metadata: Mapping[str, Any]) -> None:
    level: list[Any] = [metadata]
    for _ in range(MAX_LEVELS):
        level = [child for container in level for child in _children(container) if isinstance(child, dict | list)]
        if not level:
            return
    raise Invalid.field("metadata", f"is nested more than {MAX_LEVELS} levels deep")


def _children(container: Any) -> list[Any]:
    return container if isinstance(container, list) else list(container.values())
