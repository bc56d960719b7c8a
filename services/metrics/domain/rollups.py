"""Stored figures of finished jobs: per tenant and day, per robot and day, and in total.

A rollup also names the jobs it counted lately (`applied`). Together with the version that guards every write, that
makes each job count once however often it is offered: `plus` skips what is applied, and an id leaves `applied` only
when its fact says `rolled`. See `use_cases/roll_up_facts.py` for why that holds with several replicas.
"""

from collections.abc import Collection, Iterable

import msgspec

from services.metrics.domain.facts import JobFact
from services.metrics.domain.figures import Figures, with_jobs
from services.metrics.domain.rollup_keys import RollupKey, RollupKind


class Rollup(Figures, frozen=True, kw_only=True):
    """One document of figures."""

    rollup_id: str = msgspec.field(name="_id")
    kind: RollupKind
    starts_ms: int
    tenant_id: str
    robot_id: str
    version: int = 0
    """Counts the writes; 0 is a rollup that is not stored yet."""
    write_id: str = ""
    """The last write's own id, by which it recognises itself."""
    applied: tuple[str, ...] = ()
    """Jobs counted here whose facts may still say otherwise."""

    @property
    def key(self) -> RollupKey:
        """Which rollup it is."""
        return RollupKey(self.kind, self.starts_ms, self.tenant_id, self.robot_id)

    def plus(self, facts: Iterable[JobFact], *, unsettled: Collection[str], write_id: str) -> "Rollup | None":
        """This rollup with those of `facts` that it has not counted; None when it has counted all.

        `unsettled` are the jobs whose facts do not say `rolled` yet; only they stay in `applied`.
        """
        counted = frozenset(self.applied)
        new = [fact for fact in facts if fact.job_id not in counted]
        if not new:
            return None
        kept = [job_id for job_id in self.applied if job_id in unsettled]
        return msgspec.structs.replace(
            with_jobs(self, new, detailed=self.key.is_detailed),
            version=self.version + 1,
            write_id=write_id,
            applied=(*kept, *(fact.job_id for fact in new)),
        )


def empty_rollup(key: RollupKey) -> Rollup:
    """The rollup of `key` before its first job."""
    return Rollup(
        rollup_id=key.rollup_id,
        kind=key.kind,
        starts_ms=key.starts_ms,
        tenant_id=key.tenant_id,
        robot_id=key.robot_id,
    )
