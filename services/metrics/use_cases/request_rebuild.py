"""Asks for the rollups to be rebuilt."""

from services.metrics.domain.rebuild import Rebuild
from services.metrics.ports import RebuildStore
from shared.events.metrics import MetricsRebuildRequested
from shared.kernel.clock import Clock
from shared.kernel.ids import NewId


class RequestRebuild:
    """One at a time: whoever asks while one runs gets that one, so a repeated call starts nothing more."""

    def __init__(self, rebuilds: RebuildStore, clock: Clock, new_id: NewId) -> None:
        self._rebuilds = rebuilds
        self._clock = clock
        self._new_id = new_id

    async def __call__(self, *, tenant_id: str) -> Rebuild:
        """The rebuild that runs now. Raises `Unavailable`; it may then run."""
        while True:
            latest = await self._rebuilds.latest()
            if latest is not None and latest.is_running:
                return latest
            asked = Rebuild(
                version=1 if latest is None else latest.version + 1,
                rebuild_id=self._new_id(),
                tenant_id=tenant_id,
                requested_ms=self._clock.now_ms(),
            )
            if await self._rebuilds.save(asked, MetricsRebuildRequested(rebuild_id=asked.rebuild_id)):
                return asked
