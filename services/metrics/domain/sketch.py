"""Durations in few numbers: a histogram whose buckets grow by a constant factor, after DDSketch (VLDB 2019).

Bucket `i` counts the durations in (GAMMA**(i-1), GAMMA**i] ms and answers for them with one value that is at most
`ACCURACY` away from each. So a percentile is found within 1 % of the exact one (2 % once it is rounded to whole
milliseconds), whatever the durations, and merging is adding: the order in which jobs or days are added changes nothing.
There are at most some 1,300 buckets (`LONGEST_DURATION_MS`), in practice a few hundred.

No library: the maintained ones serialise to protobuf only, and a rollup must be JSON text that every engine keeps.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from operator import add
from typing import Final

import msgspec

ACCURACY: Final = 0.01
GAMMA: Final = (1 + ACCURACY) / (1 - ACCURACY)
ZERO_BUCKET: Final = -1
"""Durations of 0 ms, which have no logarithm. The bucket of 1 ms is 0."""

_LOG_GAMMA: Final = math.log(GAMMA)
_numbers: Final = msgspec.json.Decoder(list[int])


class Sketch:
    """Durations counted in buckets. Unchangeable: adding makes a new one.

    Holds the first bucket's number and the counts from there on, those of empty buckets between too: so days are added
    list by list, without a look-up per bucket.
    """

    __slots__ = ("_counts", "_first")

    def __init__(self, first: int = 0, counts: Sequence[int] = ()) -> None:
        self._first = first
        self._counts = counts

    @classmethod
    def from_json(cls, text: str) -> "Sketch":
        """The sketch that `to_json` wrote."""
        numbers = _numbers.decode(text)
        return cls(numbers[0], numbers[1:]) if numbers else cls()

    def to_json(self) -> str:
        """The first bucket and the counts from there on: the same text for the same durations."""
        return msgspec.json.encode([self._first, *self._counts] if self._counts else []).decode()

    def plus(self, durations_ms: Iterable[int]) -> "Sketch":
        """This sketch with more durations, none of them negative."""
        n_in = Counter(map(_bucket_of, durations_ms))
        if not n_in:
            return self
        first = min(n_in)
        return Sketch.merged((self, Sketch(first, [n_in[bucket] for bucket in range(first, max(n_in) + 1)])))

    @staticmethod
    def merged(sketches: Iterable["Sketch"]) -> "Sketch":
        """All durations of `sketches` in one."""
        parts = [(sketch._first, sketch._counts) for sketch in sketches if sketch._counts]  # noqa: SLF001 - its own class
        if not parts:
            return Sketch()
        first = min(begin for begin, _ in parts)
        sums = [0] * (max(begin + len(counts) for begin, counts in parts) - first)
        for begin, counts in parts:
            place = slice(begin - first, begin - first + len(counts))
            sums[place] = map(add, sums[place], counts)
        return Sketch(first, sums)

    def percentile(self, percent: int) -> int:
        """The nearest-rank percentile in ms: the smallest duration that `percent` % of all do not exceed.

        0 without any duration (clarifications 21).
        """
        rank = math.ceil(percent * sum(self._counts) / 100)
        for offset, n_up_to in enumerate(accumulate(self._counts)):
            if n_up_to >= rank:
                return _value_of(self._first + offset)
        return 0


def _bucket_of(duration_ms: int) -> int:
    return math.ceil(math.log(duration_ms) / _LOG_GAMMA) if duration_ms > 0 else ZERO_BUCKET


def _value_of(bucket: int) -> int:
    return 0 if bucket == ZERO_BUCKET else round(2 * GAMMA**bucket / (GAMMA + 1))
