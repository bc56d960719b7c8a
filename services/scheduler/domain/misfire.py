"""What to run when due times were missed (contract clarifications 18).

A due time is on time until `grace_ms` after it, and on-time ones run under every policy. Older ones are missed,
because no scheduler was up, and the policy decides about them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile
from typing import Final, assert_never

from services.scheduler.domain.next_due import due_until, next_due

MAX_RUNS_AT_ONCE: Final = 100
"""So many due times one plan holds at most; older ones are dropped for good, so that no downtime floods the queue."""


class MisfirePolicy(StrEnum):
    """What happens to missed due times."""

    FIRE_ONCE = "fire_once"
    """The latest due time runs, for all that were missed before it."""
    SKIP = "skip"
    """None of the missed ones runs."""
    FIRE_ALL = "fire_all"
    """Each runs, the most recent `MAX_RUNS_AT_ONCE` of them."""


@dataclass(frozen=True, slots=True)
class RunPlan:
    """`due_ms` are the due times to run now, ascending; then `next_run_ms` is to be stored (None: never again)."""

    due_ms: tuple[int, ...]
    next_run_ms: int | None


def plan_runs(
    *, cron: str, timezone: str, next_run_ms: int, now_ms: int, policy: MisfirePolicy, grace_ms: int
) -> RunPlan:
    """The plan for a schedule whose stored next due time is `next_run_ms`. Raises InvalidCron, InvalidTimezone.

    To be carried out in this order: insert a job for each due time, under an id made from it; then store the new
    `next_run_ms` if the old one is still stored. A replica that dies in between leaves work that can be done again.
    """
    if now_ms < next_run_ms:
        return RunPlan((), next_run_ms)
    owed = islice(_owed_latest_first(cron, timezone, next_run_ms, now_ms), MAX_RUNS_AT_ONCE)
    chosen = _choose(owed, policy, on_time_since_ms=now_ms - grace_ms)
    return RunPlan(tuple(reversed(chosen)), next_due(cron, timezone, now_ms))


def _choose(owed: Iterator[int], policy: MisfirePolicy, on_time_since_ms: int) -> list[int]:
    on_time = takewhile(lambda due_ms: due_ms >= on_time_since_ms, owed)
    match policy:
        case MisfirePolicy.FIRE_ONCE:
            return [next(owed), *on_time]
        case MisfirePolicy.SKIP:
            return list(on_time)
        case MisfirePolicy.FIRE_ALL:
            return list(owed)
    assert_never(policy)


def _owed_latest_first(cron: str, timezone: str, next_run_ms: int, now_ms: int) -> Iterator[int]:
    yield from takewhile(lambda due_ms: due_ms > next_run_ms, due_until(cron, timezone, now_ms))
    # The stored time was promised; it counts even if newer time zone rules would no longer name it.
    yield next_run_ms
