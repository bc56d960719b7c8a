"""Nested values as the rows of a table, where they have the shape of one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MAX_COLUMNS: Final = 10


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of equal length under their titles; a title is empty where the value has no name for it."""

    titles: Sequence[str]
    rows: Sequence[Sequence[object]]


def as_records(value: object) -> Records | None:
    """The rows of a list of flat objects, or of flat objects under keys, however deep; None for any other shape."""
    found = list(_leaves(value, ()))
    if not found or any(leaf is None for _, leaf in found):
        return None
    depths = {len(path) for path, _ in found}
    fields = list(dict.fromkeys(name for _, leaf in found for name in leaf or ()))
    if len(depths) != 1 or not fields or depths.pop() + len(fields) > MAX_COLUMNS:
        return None
    titles = [*("" for _ in found[0][0]), *fields]
    return Records(titles, [[*path, *((leaf or {}).get(name) for name in fields)] for path, leaf in found])


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any] | None]]:
    """Each flat object with the keys that lead to it; None in place of something else."""
    if isinstance(value, list):
        flat = all(isinstance(entry, dict) and _is_flat(entry) for entry in value)
        yield from ((path, entry) for entry in value) if flat and not path else ((path, None),)
    elif not isinstance(value, dict):
        yield path, None
    elif _is_flat(value):
        yield path, value
    elif len(path) >= MAX_COLUMNS:
        yield path, None
    else:
        for key, entry in value.items():
            yield from _leaves(entry, (*path, str(key)))


def _is_flat(value: Mapping[str, Any]) -> bool:
    return not any(isinstance(entry, dict | list) for entry in value.values())
