"""Which rollups there are, and which of them count a job."""

from enum import StrEnum
from typing import Final, NamedTuple

from services.metrics.domain.facts import JobFact

DAY_MS: Final = 24 * 3_600_000


class RollupKind(StrEnum):
    """What a rollup counts."""

    TENANT_DAY = "tenant_day"
    """A tenant's jobs that finished on one day (UTC), in detail."""
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

    @property
    def is_detailed(self) -> bool:
        """Whether its rollup keeps error types, durations and workflows."""
        return self.kind is RollupKind.TENANT_DAY


TOTAL_KEY: Final = RollupKey(RollupKind.TOTAL, 0, "", "")


def day_of(at_ms: int) -> int:
    """When the UTC day that contains `at_ms` began."""
    return at_ms - at_ms % DAY_MS


def tenant_day_key(tenant_id: str, at_ms: int) -> RollupKey:
    """The tenant's rollup of the UTC day that contains `at_ms`."""
    return RollupKey(RollupKind.TENANT_DAY, day_of(at_ms), tenant_id, "")


def robot_day_key(tenant_id: str, robot_id: str, at_ms: int) -> RollupKey:
    """The robot's rollup of the UTC day that contains `at_ms`."""
    return RollupKey(RollupKind.ROBOT_DAY, day_of(at_ms), tenant_id, robot_id)


def keys_of(fact: JobFact) -> tuple[RollupKey, ...]:
    """Every rollup that counts this job."""
    return (TOTAL_KEY, *day_keys_of(fact))


def day_keys_of(fact: JobFact) -> tuple[RollupKey, ...]:
    """The rollups of the job's day that count it."""
    tenant_day = tenant_day_key(fact.tenant_id, fact.finished_ms)
    if fact.robot_id is None:
        return (tenant_day,)
    return (tenant_day, robot_day_key(fact.tenant_id, fact.robot_id, fact.finished_ms))
