"""Why jobs failed. Robots name the error types, so there must be an end to them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

MAX_ERROR_TYPES: Final = 200
"""Distinct error types in one rollup; those that come later count as `OTHER`."""
SHOWN_ERROR_TYPES: Final = 50
OTHER_ERRORS: Final = "OTHER"


def errors_from_json(text: str) -> dict[str, int]:
    """What `errors_to_json` wrote."""
    return msgspec.json.decode(text, type=dict[str, int])


def errors_to_json(errors: Mapping[str, int]) -> str:
    """Error type → jobs, the same text for the same counts."""
    return msgspec.json.encode(dict(errors), order="sorted").decode()


def counted(errors: Mapping[str, int], error_types: Iterable[str]) -> dict[str, int]:
    """`errors` with one more of each of `error_types`."""
    counts = dict(errors)
    for error_type in error_types:
        known = error_type in counts or len(counts) < MAX_ERROR_TYPES
        name = error_type if known else OTHER_ERRORS
        counts[name] = counts.get(name, 0) + 1
    return counts


def most_frequent(errors: Mapping[str, int]) -> dict[str, int]:
    """The `SHOWN_ERROR_TYPES` most frequent types, most frequent first; all others together as `OTHER`, at the end."""
    named = Counter({name: count for name, count in errors.items() if name != OTHER_ERRORS})
    ranked = sorted(named, key=lambda name: (-named[name], name))
    shown = {name: named[name] for name in ranked[:SHOWN_ERROR_TYPES]}
    n_others = sum(errors.values()) - sum(shown.values())
    return {**shown, OTHER_ERRORS: n_others} if n_others else shown
