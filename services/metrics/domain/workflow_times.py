"""How long each workflow's jobs took on average."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

MAX_WORKFLOWS: Final = 500
"""Distinct workflows in one rollup. More in one day are left out of the slowest, never out of the other figures."""


class WorkflowTime(msgspec.Struct, frozen=True, array_like=True):
    """One workflow's jobs that completed, failed or timed out."""

    n_jobs: int
    total_ms: int
    named_ms: int
    """When the newest of them ended: it gives the name."""
    name: str

    @property
    def average_ms(self) -> int:
        """Mean duration; there is at least one job."""
        return round(self.total_ms / self.n_jobs)

    def plus(self, other: "WorkflowTime") -> "WorkflowTime":
        """Both together, whichever is given first."""
        return _sum_of((self, other))


WorkflowTimes = Mapping[str, WorkflowTime]
"""By workflow id."""


def times_from_json(text: str) -> dict[str, WorkflowTime]:
    """What `times_to_json` wrote."""
    return msgspec.json.decode(text, type=dict[str, WorkflowTime])


def times_to_json(times: WorkflowTimes) -> str:
    """The same text for the same times."""
    return msgspec.json.encode(times, order="sorted").decode()


def added(times: WorkflowTimes, more: Iterable[tuple[str, WorkflowTime]]) -> WorkflowTimes:
    """`times` with `more`; beyond `MAX_WORKFLOWS`, new ones are left out."""
    sums = dict(times)
    for workflow_id, time in more:
        if workflow_id in sums:
            sums[workflow_id] = sums[workflow_id].plus(time)
        elif len(sums) < MAX_WORKFLOWS:
            sums[workflow_id] = time
    return sums


def summed(parts: Iterable[WorkflowTimes]) -> WorkflowTimes:
    """All of `parts` together, without a bound."""
    times_of: defaultdict[str, list[WorkflowTime]] = defaultdict(list)
    for part in parts:
        for workflow_id, time in part.items():
            times_of[workflow_id].append(time)
    return {workflow_id: _sum_of(times) for workflow_id, times in times_of.items()}


def _sum_of(times: Sequence[WorkflowTime]) -> WorkflowTime:
    named_ms, name = max((time.named_ms, time.name) for time in times)
    return WorkflowTime(sum(time.n_jobs for time in times), sum(time.total_ms for time in times), named_ms, name)
