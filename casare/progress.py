"""How far the jobs are that somebody waits for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from casare.models import JobRecord


@dataclass(frozen=True, slots=True)
class Progress:
    """What `on_progress` is told: `by_status` counts the jobs seen so far, `changed` are those that are news."""

    total: int
    ended: int
    by_status: Mapping[str, int]
    changed: tuple[JobRecord, ...]


def progress_of(total: int, known: Mapping[str, JobRecord], changed: Iterable[JobRecord]) -> Progress:
    """The progress of `total` jobs, of which these are `known`."""
    by_status = Counter(record.status for record in known.values())
    return Progress(total, sum(record.has_ended for record in known.values()), dict(by_status), tuple(changed))
