"""How deep JSON from users may be nested: walking it, in whatever program, must not exhaust a stack."""

from collections.abc import Iterable
from itertools import chain


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
