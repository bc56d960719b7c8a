"""What is asked of the server, and how often.

The server allows a user 100 calls a minute to each of these routes, 60 to the activity, and counts `/jobs` and
`/dlq/stats` together (contract, rate limits). The rates below use half of that at the most, so that a second view, or
other commands of the same user, still have room. Whoever is told to slow down does: see `pacing`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from shared.kernel.clock import iso_utc

MINUTES: Final = 5
"""How far back the throughput looks."""
MOST_JOBS: Final = 100
MOST_EVENTS: Final = 50
ENDINGS: Final = {"completed": "job_completed", "failed": "job_failed", "timed_out": "job_timed_out"}


class Reads(Protocol):
    """The part of the API that is needed."""

    def get(self, path: str, params: dict[str, str | int | None] | None = None) -> dict[str, Any]: ...
    def get_list(self, path: str, params: dict[str, str | int | None] | None = None) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """One part of the view. `calls` requests go to the bucket at each look."""

    name: str
    bucket: str
    every_seconds: float
    read: Callable[[Reads, int], Any]
    """Of the API, at a time in milliseconds."""
    calls: int = 1


def _fleet(api: Reads, _: int) -> Any:
    return api.get("/metrics/fleet")


def _robots(api: Reads, _: int) -> Any:
    return api.get_list("/metrics/robots")


def _jobs(api: Reads, _: int) -> Any:
    return api.get("/jobs", {"status": "running", "limit": MOST_JOBS})


def _dead_letters(api: Reads, _: int) -> Any:
    return api.get("/dlq/stats")


def _activity(api: Reads, _: int) -> Any:
    return api.get("/metrics/activity", {"limit": MOST_EVENTS})


def _recent(api: Reads, now_ms: int) -> Any:
    """How many jobs ended how within the last minutes; `total` counts beyond the limit."""
    since = iso_utc(now_ms - MINUTES * 60_000)
    totals = {
        name: api.get("/metrics/activity", {"event_type": event_type, "since": since, "limit": 1}).get("total")
        for name, event_type in ENDINGS.items()
    }
    return {"minutes": MINUTES, **totals}


SOURCES: Final = (
    Source("fleet", "metrics-fleet", 1.2, _fleet),
    Source("robots", "metrics-robots", 2.0, _robots),
    Source("running_jobs", "list", 2.0, _jobs),
    Source("dead_letters", "list", 15.0, _dead_letters),
    Source("activity", "metrics-activity", 6.0, _activity),
    Source("recent", "metrics-activity", 10.0, _recent, calls=len(ENDINGS)),
)
