"""The arithmetic behind the tables: percentiles, ratios to bare, and the proof that each job ran once."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

STEPS = ("submit", "claim", "complete")


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: the smallest value that `percent` of all do not exceed.

    Raises ValueError for no values.
    """
    if not values:
        raise ValueError("no values, no percentile")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


@dataclass(frozen=True)
class Spread:
    """The middle, the least and the greatest of some rounds' figures."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Raises StatisticsError for no values."""
        figures = list(values)
        return cls(statistics.median(figures), min(figures), max(figures))


@dataclass(frozen=True)
class Segment:
    """One timed stretch against one server: lifecycles, their rate per second, and each step's latency."""

    lifecycles: int
    rate: float
    p50_ms: dict[str, float]
    p99_ms: dict[str, float]

    @classmethod
    def of(cls, elapsed_seconds: float, step_seconds: Mapping[str, Sequence[float]]) -> "Segment":
        """Raises ValueError when not a single lifecycle was finished."""
        lifecycles = len(step_seconds[STEPS[-1]])
        return cls(
            lifecycles=lifecycles,
            rate=lifecycles / elapsed_seconds,
            p50_ms={step: percentile(times, 50) * 1000 for step, times in step_seconds.items()},
            p99_ms={step: percentile(times, 99) * 1000 for step, times in step_seconds.items()},
        )


@dataclass(frozen=True)
class Round:
    """A measured segment between the two segments of bare that surround it."""

    before: Segment
    measured: Segment
    after: Segment

    def ratio(self) -> float:
        """Return the measured rate over the mean of bare's rates before and after."""
        return self.measured.rate / statistics.mean((self.before.rate, self.after.rate))

    def p99_ratio(self, step: str) -> float:
        """Return the step's measured p99 over the mean of bare's p99 before and after."""
        return self.measured.p99_ms[step] / statistics.mean((self.before.p99_ms[step], self.after.p99_ms[step]))


def rounds_of(bare: Sequence[Segment], measured: Sequence[Segment]) -> list[Round]:
    """Pair alternating segments: bare, measured, bare, ..., bare. Raises ValueError for any other count."""
    return [Round(*three) for three in zip(bare[:-1], measured, bare[1:], strict=True)]


def differences_from_each_once(submitted: Sequence[str], completed: Sequence[str]) -> list[str]:
    """Return what contradicts "every submitted job was completed, once"; empty when nothing does."""
    submissions, completions = Counter(submitted), Counter(completed)
    found = {
        "submitted but never completed": submissions.keys() - completions.keys(),
        "completed but never submitted": completions.keys() - submissions.keys(),
        "completed more than once": {job for job, times in completions.items() if times > 1},
        "submitted twice under the same id": {job for job, times in submissions.items() if times > 1},
    }
    return [f"{len(jobs)} {what}, e.g. {min(jobs)}" for what, jobs in found.items() if jobs]
