"""What JSON from users must not do: be nested so deep that walking it exhausts a stack, or name a member twice.

Of a name that comes twice readers take the first, the last, or both (RFC 8259, 4): what one program checked, another
would not see.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

_STRINGS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"(\s*:)?', re.DOTALL)
"""Every string of a JSON text, with the colon behind it if it is a member's name."""


def nesting_exceeds(value: object, levels: int) -> bool:
    """Whether objects and arrays of `value` stand in each other more than `levels` deep, the outermost one included."""
    level = _containers([value])
    for _ in range(levels):
        level = _containers(chain.from_iterable(map(_children, level)))
    return bool(level)


def _containers(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    return [value for value in values if isinstance(value, dict | list)]


def _children(container: dict[str, object] | list[object]) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container


def repeats_names(text: bytes, value: object) -> bool:
    """Whether an object in the valid JSON `text` names a member twice; `value` is what the text reads as.

    Readers keep each name once, so `value` then has fewer members than the text has names.
    """
    colons = _STRINGS.findall(text)
    return len(colons) - colons.count(b"") > sum(map(_n_members, _containers_in(value)))


def _containers_in(value: object) -> Iterator[dict[str, object] | list[object]]:
    level = _containers([value])
    while level:
        yield from level
        level = _containers(chain.from_iterable(map(_children, level)))


def _n_members(container: dict[str, object] | list[object]) -> int:
    return len(container) if isinstance(container, dict) else 0
