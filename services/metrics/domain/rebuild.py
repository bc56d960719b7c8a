"""One rebuild of the rollups: asked for, worked off by any replica, done."""

from enum import StrEnum
from typing import Final

import msgspec

from shared.kernel.errors import NotFound

THE_REBUILD: Final = "rollups"
LEASE_MS: Final = 30_000
RENEW_AFTER_MS: Final = 5_000
MOST_ATTEMPTS: Final = 10


class RebuildNotFound(NotFound):
    """No rebuild was ever asked for."""

    code = "REBUILD_NOT_FOUND"


class RebuildState(StrEnum):
    """How far a rebuild is."""

    RUNNING = "running"
    """Asked for; a replica works on it, or will take it up within a second."""
    DONE = "done"
    FAILED = "failed"
    """`MOST_ATTEMPTS` replicas died or were disturbed; asking again starts anew."""


class Rebuild(msgspec.Struct, frozen=True, kw_only=True):
    """The latest rebuild; there is one document, since there is one set of rollups."""

    document_id: str = msgspec.field(name="_id", default=THE_REBUILD)
    version: int = 1
    rebuild_id: str
    tenant_id: str
    """Whose admin asked; its activity tells of it."""
    state: RebuildState = RebuildState.RUNNING
    requested_ms: int
    finished_ms: int | None = None
    attempt: int = 0
    busy_until_ms: int = 0
    """Until then its worker is taken to be alive, and no facts are rolled up."""
    days_done: int = 0
    days_total: int = 0
    total_kept: bool = False
    """Whether the total was left as it was: it counts jobs that are gone, and never falls."""

    @property
    def is_running(self) -> bool:
        """Whether work is left."""
        return self.state is RebuildState.RUNNING

    @property
    def renewed_ms(self) -> int:
        """When its worker was last heard of."""
        return self.busy_until_ms - LEASE_MS

    def is_busy(self, now_ms: int) -> bool:
        """Whether a replica works on it now."""
        return self.is_running and self.busy_until_ms > now_ms

    def taken(self, now_ms: int) -> "Rebuild":
        """In the hands of a replica that begins from the first day."""
        return self._next(attempt=self.attempt + 1, busy_until_ms=now_ms + LEASE_MS, days_done=0)

    def renewed(self, now_ms: int, days_done: int, days_total: int) -> "Rebuild":
        """Still in the same hands."""
        return self._next(busy_until_ms=now_ms + LEASE_MS, days_done=days_done, days_total=days_total)

    def put_back(self) -> "Rebuild":
        """For any replica to begin again."""
        return self._next(busy_until_ms=0)

    def ended(self, state: RebuildState, now_ms: int, *, total_kept: bool = False) -> "Rebuild":
        """Over."""
        days_done = self.days_total if state is RebuildState.DONE else self.days_done
        return self._next(state=state, finished_ms=now_ms, busy_until_ms=0, days_done=days_done, total_kept=total_kept)

    def _next(self, **changes: object) -> "Rebuild":
        return msgspec.structs.replace(self, version=self.version + 1, **changes)
