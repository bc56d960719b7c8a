"""Durations in few numbers: a histogram whose buckets grow by a constant factor, after DDSketch (VLDB 2019).

Bucket `i` counts the durations in (GAMMA**(i-1), GAMMA**i] ms and answers for them with one value that is at most
`ACCURACY` away from each. So a percentile is found within 1 % of the exact one (2 % once it is rounded to whole
milliseconds), whatever the durations, and merging is adding: the order in which jobs or days are added changes nothing.
There are at most some 1,300 buckets (`LONGEST_DURATION_MS`), in practice a hundred.

No library: the maintained ones serialise to protobuf only, and a rollup must be JSON text that every engine keeps.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

ACCURACY: Final = 0.01
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
ZERO_BUCKET: Final = -1
"""Durations of 0 ms, which have no logarithm. The bucket of 1 ms is 0."""

_LOG_GAMMA: Final = math.log(GAMMA)


class Sketch:
    """Durations counted in buckets. Unchangeable: adding makes a new one."""

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts: Mapping[int, int] = counts or {}

    @classmethod
    def from_json(cls, text: str) -> "Sketch":
        """The sketch that `to_json` wrote."""
        return cls(msgspec.json.decode(text, type=dict[int, int]))

    def to_json(self) -> str:
        """Bucket → durations, the same text for the same durations."""
        return msgspec.json.encode(dict(sorted(self._counts.items()))).decode()

    def plus(self, durations_ms: Iterable[int]) -> "Sketch":
        """This sketch with more durations, none of them negative."""
        return Sketch(Counter(self._counts) + Counter(map(_bucket_of, durations_ms)))

    @staticmethod
    def merged(sketches: Iterable["Sketch"]) -> "Sketch":
        """All durations of `sketches` in one."""
        counts: Counter[int] = Counter()
        for sketch in sketches:
            counts.update(sketch._counts)  # noqa: SLF001 - of its own class
        return Sketch(counts)

    def percentile(self, percent: int) -> int:
        """The nearest-rank percentile in ms: the smallest duration that `percent` % of all do not exceed.

        0 without any duration (clarifications 21).
        """
        rank = math.ceil(percent * sum(self._counts.values()) / 100)
        n_below = 0
        for bucket in sorted(self._counts):
            n_below += self._counts[bucket]
            if n_below >= rank:
                return _value_of(bucket)
        return 0


def _bucket_of(duration_ms: int) -> int:
    return math.ceil(math.log(duration_ms) / _LOG_GAMMA) if duration_ms > 0 else ZERO_BUCKET


def _value_of(bucket: int) -> int:
    return 0 if bucket == ZERO_BUCKET else round(2 * GAMMA**bucket / (GAMMA + 1))
