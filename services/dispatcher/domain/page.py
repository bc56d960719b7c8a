"""Pages of a list whose order is one string."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.jobs import Job


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, and the place behind which the next page begins; None: there is none."""

    jobs: list[Job]
    next_place: str | None


def page_of(found: Sequence[Job], limit: int, place_of: Callable[[Job], str | None]) -> Page:
    """The page in `found`, which was read with one more than `limit` to see whether another page follows."""
    jobs = list(found[:limit])
    return Page(jobs, place_of(jobs[-1]) if len(found) > limit else None)
