"""Figures counted anew from the jobs themselves."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from services.metrics.domain.facts import JobFact
from services.metrics.domain.figures import COUNTS, Figures, with_jobs
from services.metrics.domain.rollup_keys import RollupKey, keys_of
from services.metrics.domain.rollups import Rollup

MOST_UNSETTLED: Final = 100_000
"""More jobs than this cannot stand in the total's `applied`: a document has an end."""

_FIGURES: Final = tuple(field.name for field in msgspec.structs.fields(Figures))


class Counted(msgspec.Struct, frozen=True):
    """What a rollup should say, and which of its jobs have a fact that does not say `rolled`."""

    figures: Figures = Figures()
    unsettled: tuple[str, ...] = ()

    def plus(self, facts: Sequence[JobFact], *, unsettled: Collection[str], detailed: bool) -> "Counted":
        """With more jobs."""
        more = tuple(fact.job_id for fact in facts if fact.job_id in unsettled)
        return Counted(with_jobs(self.figures, facts, detailed=detailed), self.unsettled + more)

    def joined(self, other: "Counted") -> "Counted":
        """Both together, without details."""
        sums = {name: getattr(self.figures, name) + getattr(other.figures, name) for name in COUNTS}
        return Counted(Figures(**sums), self.unsettled + other.unsettled)


Recount = Mapping[RollupKey, Counted]


def counted_again(recount: Recount, facts: Iterable[JobFact], unsettled: Collection[str]) -> Recount:
    """`recount` with more jobs, each in every rollup it belongs to."""
    facts_of: defaultdict[RollupKey, list[JobFact]] = defaultdict(list)
    for fact in facts:
        for key in keys_of(fact):
            facts_of[key].append(fact)
    grown = {
        key: recount.get(key, Counted()).plus(members, unsettled=unsettled, detailed=key.is_detailed)
        for key, members in facts_of.items()
    }
    return {**recount, **grown}


def corrected(rollup: Rollup, counted: Counted, write_id: str) -> Rollup | None:
    """`rollup` saying what was counted; None when it says so already and no job of it is unsettled."""
    figures = {name: getattr(counted.figures, name) for name in _FIGURES}
    if not counted.unsettled and all(getattr(rollup, name) == value for name, value in figures.items()):
        return None
    return msgspec.structs.replace(
        rollup, version=rollup.version + 1, write_id=write_id, applied=counted.unsettled, **figures
    )


def may_replace_total(total: Rollup, counted: Counted) -> bool:
    """Whether the recount may become the total.

    The total is a Prometheus counter and never falls, not even when jobs have been removed since they were counted:
    it is replaced only where no figure gets smaller.
    """
    falls = any(getattr(counted.figures, name) < getattr(total, name) for name in COUNTS)
    return not falls and len(counted.unsettled) <= MOST_UNSETTLED
