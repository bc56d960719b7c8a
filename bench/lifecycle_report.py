"""What the case `lifecycle` must reach, and its three tables: rates, steps, and what each process costs."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bench.cost import GENERATOR, ProcessCost
from bench.figures import STEPS, Round, Segment, Spread
from bench.report import spread, table


@dataclass(frozen=True)
class Level:
    """All that was measured at one concurrency."""

    concurrency: int
    rounds: list[Round]
    costs: dict[int, ProcessCost]
    rest_seconds: list[float]

    def bare(self) -> list[Segment]:
        """Return bare's segments in the order they were run."""
        return [self.rounds[0].before, *(r.after for r in self.rounds)]

    def measured(self) -> list[Segment]:
        """Return the measured segments in the order they were run."""
        return [r.measured for r in self.rounds]


@dataclass(frozen=True)
class Targets:
    """The least ratio of rates to bare by concurrency, and the greatest ratio of a step's p99 to bare's."""

    least_ratio: Mapping[int, float]
    greatest_p99_ratio: float | None


EMBEDDED = Targets({1: 0.45, 32: 0.35}, 6.0)
DISTRIBUTED = Targets({1: 0.15, 32: 0.15}, None)
CALIBRATION = Targets({}, None)


def rates(levels: Sequence[Level], targets: Targets) -> str:
    """Return the table of lifecycles per second and their ratio to bare."""
    head = ["concurrency", "bare, lifecycles/s", "measured, lifecycles/s", "ratio to bare", "must reach"]
    return table(head, [_rate_row(level, targets.least_ratio.get(level.concurrency)) for level in levels])


def _rate_row(level: Level, least: float | None) -> list[str]:
    ratio = Spread.of(r.ratio() for r in level.rounds)
    return [
        str(level.concurrency),
        spread(Spread.of(s.rate for s in level.bare()), 0),
        spread(Spread.of(s.rate for s in level.measured()), 0),
        spread(ratio),
        "–" if least is None else f"≥ {least}: {_verdict(ratio.median >= least)}",
    ]


def steps(levels: Sequence[Level], targets: Targets) -> str:
    """Return the table of each step's p50 and p99 (medians of the rounds) and the ratio of p99 to bare's."""
    head = ["concurrency", "step", "bare p50 / p99 ms", "measured p50 / p99 ms", "ratio of p99", "must stay"]
    most = targets.greatest_p99_ratio
    return table(head, [_step_row(level, step, most) for level in levels for step in STEPS])


def _step_row(level: Level, step: str, most: float | None) -> list[str]:
    ratio = Spread.of(r.p99_ratio(step) for r in level.rounds)
    return [
        str(level.concurrency),
        step,
        _latencies(level.bare(), step),
        _latencies(level.measured(), step),
        spread(ratio),
        "–" if most is None else f"≤ {most:g}: {_verdict(ratio.median <= most)}",
    ]


def _latencies(segments: Iterable[Segment], step: str) -> str:
    pairs = [(segment.p50_ms[step], segment.p99_ms[step]) for segment in segments]
    p50, p99 = (Spread.of(column).median for column in zip(*pairs, strict=True))
    return f"{p50:.2f} / {p99:.2f}"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


def costs(levels: Sequence[Level]) -> str:
    """Return the table of CPU time a lifecycle, by process, and of resident memory at the end."""
    labels = {pid: cost.label for level in levels for pid, cost in level.costs.items()}
    head = ["process", *(f"CPU ms a lifecycle at {level.concurrency}" for level in levels), "resident MB"]
    rows = [[label, *_costs_of({pid}, levels)] for pid, label in labels.items()]
    measured = {pid for pid, label in labels.items() if label != GENERATOR}
    return table(head, [*rows, ["all but the generator", *_costs_of(measured, levels)]])


def _costs_of(pids: AbstractSet[int], levels: Sequence[Level]) -> list[str]:
    cells = []
    for level in levels:
        seconds = sum(cost.cpu_seconds for pid, cost in level.costs.items() if pid in pids)
        cells.append(f"{seconds * 1000 / sum(s.lifecycles for s in level.measured()):.3f}")
    resident = sum(cost.rss_bytes for pid, cost in levels[-1].costs.items() if pid in pids)
    return [*cells, f"{resident / 1e6:.0f}"]
