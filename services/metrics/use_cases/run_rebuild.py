"""Works off a rebuild that was asked for."""

from contextlib import suppress
from typing import Final

from services.metrics.domain.rebuild import MOST_ATTEMPTS, RENEW_AFTER_MS, Rebuild, RebuildState
from services.metrics.ports import RebuildStore
from services.metrics.use_cases.rebuild_rollups import Progress, RebuildDisturbed, RebuildRollups
from shared.events.metrics import MetricsRebuilt
from shared.kernel.clock import Clock

TRIES: Final = 3


class RebuildTaken(Exception):
    """Another replica took the rebuild up, because this one was silent for too long."""


class RebuildStopped(Exception):
    """This process ends."""


class RunRebuild:
    """One replica at a time works on it, and holds a lease. If it dies, the next one begins again: no step depends on
    those before it. Two at once (a lease ran out) only disturb each other, since every write is guarded."""

    def __init__(self, rebuilds: RebuildStore, rebuild_rollups: RebuildRollups, clock: Clock) -> None:
        self._rebuilds = rebuilds
        self._rebuild_rollups = rebuild_rollups
        self._clock = clock
        self._stops = False

    def stop(self) -> None:
        """The process ends: what is under way is put back at its next step, for another one to do."""
        self._stops = True

    async def is_busy(self) -> bool:
        """Whether some replica works on it now, so that facts had better wait. Raises `Unavailable`."""
        rebuild = await self._rebuilds.latest()
        return rebuild is not None and rebuild.is_busy(self._clock.now_ms())

    async def __call__(self) -> None:
        """Take up and finish what was asked for, if anything. Raises `Unavailable`."""
        rebuild = await self._rebuilds.latest()
        if rebuild is None or not rebuild.is_running or rebuild.is_busy(self._clock.now_ms()):
            return
        if rebuild.attempt >= MOST_ATTEMPTS:
            await self._end(rebuild, RebuildState.FAILED)
            return
        taken = rebuild.taken(self._clock.now_ms())
        if await self._rebuilds.save(taken):
            await self._work(taken)

    async def _work(self, taken: Rebuild) -> None:
        held = taken

        async def renew(days_done: int, days_total: int) -> None:
            nonlocal held
            if self._stops:
                raise RebuildStopped
            now_ms = self._clock.now_ms()
            if days_total == held.days_total and now_ms < held.renewed_ms + RENEW_AFTER_MS:
                return
            held = held.renewed(now_ms, days_done, days_total)
            if not await self._rebuilds.save(held):
                raise RebuildTaken

        try:
            total_corrected = await self._undisturbed(renew)
        except (RebuildDisturbed, RebuildStopped):
            await self._rebuilds.save(held.put_back())
        except RebuildTaken:
            return
        else:
            await self._end(held, RebuildState.DONE, total_kept=not total_corrected)

    async def _undisturbed(self, renew: Progress) -> bool:
        """A round of rolling up that had begun before disturbs the first try; none begins after that."""
        for _ in range(TRIES - 1):
            with suppress(RebuildDisturbed):
                return await self._rebuild_rollups(renew)
        return await self._rebuild_rollups(renew)

    async def _end(self, rebuild: Rebuild, state: RebuildState, *, total_kept: bool = False) -> None:
        ended = rebuild.ended(state, self._clock.now_ms(), total_kept=total_kept)
        event = MetricsRebuilt(rebuild_id=ended.rebuild_id, status=state.value, attempts=ended.attempt)
        await self._rebuilds.save(ended, event)
