"""Counts of finished jobs, per tenant and hour, per robot and day, and in total.

A rollup also names the jobs it counted lately (`applied`). Together with the version that guards every write, that
makes each job count once however often it is offered: `plus` skips what is applied, and an id leaves `applied` only
when its fact says `rolled`. See `use_cases/roll_up_facts.py` for why that holds with several replicas.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from services.metrics.domain.facts import JobFact
from shared.jobs import JobStatus

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
MAX_ERROR_TYPES: Final = 50
"""Distinct error types per rollup; robots name them, so there must be an end."""
OTHER_ERRORS: Final = "OTHER"


class RollupKind(StrEnum):
    """What a rollup counts."""

    HOUR = "hour"
    """A tenant's jobs that finished in one hour (UTC)."""
    ROBOT_DAY = "robot_day"
    """A robot's jobs that finished on one day (UTC)."""
    TOTAL = "total"
    """All jobs of all tenants since the beginning; never removed."""


class RollupKey(NamedTuple):
    """Which rollup."""

    kind: RollupKind
    starts_ms: int
    tenant_id: str
    robot_id: str

    @property
    def rollup_id(self) -> str:
        """The `_id`. The tenant's length keeps `a|b` with robot `c` and `a` with robot `b|c` apart."""
        return f"{self.kind}|{self.starts_ms}|{len(self.tenant_id)}|{self.tenant_id}|{self.robot_id}"


TOTAL_KEY: Final = RollupKey(RollupKind.TOTAL, 0, "", "")


def hour_key(tenant_id: str, at_ms: int) -> RollupKey:
    """The tenant's rollup of the hour that contains `at_ms`."""
    return RollupKey(RollupKind.HOUR, at_ms - at_ms % HOUR_MS, tenant_id, "")


def robot_day_key(tenant_id: str, robot_id: str, at_ms: int) -> RollupKey:
    """The robot's rollup of the UTC day that contains `at_ms`."""
    return RollupKey(RollupKind.ROBOT_DAY, at_ms - at_ms % DAY_MS, tenant_id, robot_id)


def keys_of(fact: JobFact) -> tuple[RollupKey, ...]:
    """Every rollup that counts this job."""
    keys = (TOTAL_KEY, hour_key(fact.tenant_id, fact.finished_ms))
    if fact.robot_id is None:
        return keys
    return (*keys, robot_day_key(fact.tenant_id, fact.robot_id, fact.finished_ms))


class Rollup(msgspec.Struct, frozen=True, kw_only=True):
    """One document of counts. Durations leave out cancelled jobs, which say nothing about how long a job takes."""

    rollup_id: str = msgspec.field(name="_id")
    kind: RollupKind
    starts_ms: int
    tenant_id: str
    robot_id: str
    version: int = 0
    """Counts the writes; 0 is a rollup that is not stored yet."""
    write_id: str = ""
    """The last write's own id, by which it recognises itself."""
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    timeout: int = 0
    duration_ms_sum: int = 0
    n_durations: int = 0
    errors_json: str = "{}"
    """Error type → jobs, as JSON text: robots choose the names."""
    applied: tuple[str, ...] = ()
    """Jobs counted here whose facts may still say otherwise."""

    @property
    def average_duration_ms(self) -> int:
        """Mean duration; 0 without jobs (clarifications 21)."""
        return round(self.duration_ms_sum / self.n_durations) if self.n_durations else 0

    @property
    def errors(self) -> dict[str, int]:
        """Error type → jobs."""
        return msgspec.json.decode(self.errors_json, type=dict[str, int])

    def plus(self, facts: Iterable[JobFact], *, unsettled: Collection[str], write_id: str) -> "Rollup | None":
        """This rollup with those of `facts` that it has not counted; None when it has counted all.

        `unsettled` are the jobs whose facts do not say `rolled` yet; only they stay in `applied`.
        """
        new = [fact for fact in facts if fact.job_id not in self.applied]
        if not new:
            return None
        kept = [job_id for job_id in self.applied if job_id in unsettled]
        durations = [f.duration_ms for f in new if f.duration_ms is not None and f.status is not JobStatus.CANCELLED]
        return msgspec.structs.replace(
            self,
            version=self.version + 1,
            write_id=write_id,
            completed=self.completed + _count(new, JobStatus.COMPLETED),
            failed=self.failed + _count(new, JobStatus.FAILED),
            cancelled=self.cancelled + _count(new, JobStatus.CANCELLED),
            timeout=self.timeout + _count(new, JobStatus.TIMEOUT),
            duration_ms_sum=self.duration_ms_sum + sum(durations),
            n_durations=self.n_durations + len(durations),
            errors_json=_with_errors(self.errors, new),
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


def _count(facts: Sequence[JobFact], status: JobStatus) -> int:
    return sum(fact.status is status for fact in facts)


def _with_errors(errors: dict[str, int], facts: Sequence[JobFact]) -> str:
    for fact in facts:
        if fact.error_type is not None:
            known = fact.error_type in errors or len(errors) < MAX_ERROR_TYPES
            name = fact.error_type if known else OTHER_ERRORS
            errors[name] = errors.get(name, 0) + 1
    return msgspec.json.encode(errors).decode()
