"""What the use cases need from outside."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.facts import JobFact
from services.metrics.domain.figures import Sum
from services.metrics.domain.fleet import JobCounts, Robot
from services.metrics.domain.rebuild import Rebuild
from services.metrics.domain.rollup_keys import RollupKey
from services.metrics.domain.rollups import Rollup
from services.metrics.domain.sequence import Numbers
from shared.events import EventData
from shared.jobs import Job
from shared.jobs.history import JobQuery


@dataclass(frozen=True, slots=True)
class ActivityQuery:
    """Which part of a tenant's activity."""

    tenant_id: str
    limit: int
    since_ms: int | None = None
    """Only later events."""
    event_type: str | None = None


Kinds = Collection[str]
"""Some types of events, in the public spelling."""


class ActivityStore(Protocol):
    """The event trail. Every method raises `Unavailable`."""

    async def add(self, entry: ActivityEntry) -> bool:
        """Keep `entry`; False when it is kept already."""
        ...

    async def newest(self, query: ActivityQuery) -> list[ActivityEntry]:
        """The newest matching entries, newest first."""
        ...

    async def count(self, query: ActivityQuery) -> int:
        """How many entries match, beyond the limit too."""
        ...

    async def numbered(
        self, tenant_id: str, numbers: Numbers, *, limit: int, kinds: Kinds | None = None
    ) -> list[ActivityEntry]:
        """The first `limit` of the entries with these numbers, by number; `kinds` None: of every type."""
        ...

    async def count_numbered(self, tenant_id: str, numbers: Numbers, *, kinds: Kinds | None = None) -> int:
        """How many entries have these numbers."""
        ...

    async def oldest_number(self, tenant_id: str) -> int | None:
        """The first number that is still retained, or None."""
        ...

    async def last_number(self, tenant_id: str) -> int:
        """The last number that was given to an event of the tenant, stored or about to be; 0 before the first."""
        ...

    async def settled_number(self, tenant_id: str) -> int:
        """The number up to which every one is stored or will never be; above it, writes may be under way."""
        ...

    async def remove_before(self, at_ms: int) -> int:
        """Remove entries of all tenants older than `at_ms`; returns how many."""
        ...


class FactStore(Protocol):
    """Finished jobs. Every method raises `Unavailable`."""

    async def add(self, fact: JobFact) -> bool:
        """Keep `fact`; False when the job has one already."""
        ...

    async def pending(self, limit: int) -> list[JobFact]:
        """Facts that the rollups may not have yet."""
        ...

    async def still_pending(self, job_ids: Collection[str]) -> set[str]:
        """Those of `job_ids` whose fact does not say `rolled` at the time of this call."""
        ...

    async def rolled(self, job_ids: Collection[str]) -> Mapping[str, bool]:
        """Whether the fact says `rolled`, for those of `job_ids` that have one."""
        ...

    def between(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        """All facts of jobs that ended in [`from_ms`, `to_ms`), each once, in portions."""
        ...

    async def mark_rolled(self, job_ids: Sequence[str], at_ms: int) -> None:
        """Say that all rollups have these jobs. `at_ms` must be positive."""
        ...

    async def remove_rolled_before(self, at_ms: int) -> int:
        """Remove facts rolled before `at_ms`; returns how many."""
        ...


class RollupStore(Protocol):
    """Counts of finished jobs. Every method raises `Unavailable`."""

    async def read(self, keys: Collection[RollupKey]) -> Mapping[RollupKey, Rollup]:
        """The rollup of each key, an empty one where none is stored."""
        ...

    async def of_day(self, starts_ms: int) -> Mapping[RollupKey, Rollup]:
        """Every stored rollup of the UTC day that began at `starts_ms`, of all tenants and robots."""
        ...

    async def save(self, rollup: Rollup) -> bool:
        """Store `rollup` in place of the version before it; False when another write came first."""
        ...

    async def remove_before(self, at_ms: int) -> int:
        """Remove rollups of days that began before `at_ms`; returns how many."""
        ...


class Periods(Protocol):
    """Figures of several days at once; may be a second old. Every method raises `Unavailable`."""

    async def of_tenant(self, tenant_id: str, days: tuple[int, ...]) -> Sum:
        """The tenant's figures of the UTC days that began at `days`."""
        ...


class FinishedJobs(Protocol):
    """Jobs of all tenants that have ended; the dispatcher owns them. Every method raises `Unavailable`."""

    async def first_ms(self) -> int | None:
        """When the first of them ended, or None without any."""
        ...

    def between(self, from_ms: int, to_ms: int) -> AsyncIterator[Sequence[JobFact]]:
        """The facts of all jobs that ended in [`from_ms`, `to_ms`), each once, in portions."""
        ...

    async def existing(self, job_ids: Collection[str]) -> set[str]:
        """Those of `job_ids` that are stored, whatever their state."""
        ...


class RebuildStore(Protocol):
    """The rebuild of the rollups. Every method raises `Unavailable`."""

    async def latest(self) -> Rebuild | None:
        """The latest one, or None when none was ever asked for."""
        ...

    async def save(self, rebuild: Rebuild, event: EventData | None = None) -> bool:
        """Store `rebuild` with its event in place of the version before it; False when another write came first."""
        ...


class JobHistory(Protocol):
    """The jobs, which the dispatcher owns. Every method raises `Unavailable`."""

    async def newest(self, query: JobQuery) -> list[Job]:
        """Matching jobs, newest first, without their variables and results."""
        ...

    async def get(self, tenant_id: str, job_id: str) -> Job | None:
        """The whole job, or None when the tenant has no such job."""
        ...


class JobCounter(Protocol):
    """How many jobs wait and run; may be a second old. Every method raises `Unavailable`."""

    async def of_tenant(self, tenant_id: str) -> JobCounts:
        """The tenant's jobs."""
        ...

    async def of_tenant_now(self, tenant_id: str) -> JobCounts:
        """The tenant's jobs, counted now."""
        ...

    async def of_all(self) -> JobCounts:
        """The jobs of all tenants."""
        ...


class RunningJobs(Protocol):
    """The jobs that run; the dispatcher owns them. Raises `Unavailable`."""

    async def of_tenant(self, tenant_id: str) -> Sequence[Job]:
        """The tenant's running jobs without variables and results; of very many, some."""
        ...


class Fleet(Protocol):
    """The robots, which the dispatcher owns. Every method raises `Unavailable`."""

    async def of_tenant(self, tenant_id: str) -> Sequence[Robot]:
        """The tenant's robots by id; may be a second old."""
        ...

    async def of_tenant_now(self, tenant_id: str) -> Sequence[Robot]:
        """The tenant's robots by id, as they are now."""
        ...

    async def of_all(self) -> Sequence[Robot]:
        """The robots of all tenants; may be a second old."""
        ...

    async def get(self, tenant_id: str, robot_id: str) -> Robot | None:
        """The robot as it is now, or None when the tenant has no such robot."""
        ...
