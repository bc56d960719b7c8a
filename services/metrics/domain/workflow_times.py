"""How long each workflow's jobs took on average."""

from collections.abc import Iterable, Mapping
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
        named_ms, name = max((self.named_ms, self.name), (other.named_ms, other.name))
        return WorkflowTime(self.n_jobs + other.n_jobs, self.total_ms + other.total_ms, named_ms, name)


WorkflowTimes = Mapping[str, WorkflowTime]
"""By workflow id."""


def times_from_json(text: str) -> dict[str, WorkflowTime]:
    """What `times_to_json` wrote."""
    return msgspec.json.decode(text, type=dict[str, WorkflowTime])


def times_to_json(times: WorkflowTimes) -> str:
    """The same text for the same times."""
    return msgspec.json.encode(times, order="sorted").decode()


def added(times: WorkflowTimes, more: Iterable[tuple[str, WorkflowTime]], *, at_most: int | None) -> WorkflowTimes:
    """`times` with `more`; beyond `at_most` workflows, new ones are left out."""
    sums = dict(times)
    for workflow_id, time in more:
        if workflow_id in sums:
            sums[workflow_id] = sums[workflow_id].plus(time)
        elif at_most is None or len(sums) < at_most:
            sums[workflow_id] = time
    return sums
