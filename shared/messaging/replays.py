"""Hands parked events that an operator has marked back to their subscription, in the process that has the handlers."""

import asyncio
from typing import Final

import structlog

from shared.kernel.errors import Unavailable
from shared.kernel.tasks import pause
from shared.messaging.bus import Message
from shared.messaging.in_process import InProcessBus
from shared.messaging.parking import PARKED, PARKED_INDEXES, ParkingLot
from shared.storage import Store

LOOK_EVERY_SECONDS: Final = 1.0
TOGETHER: Final = 50

_log: Final = structlog.get_logger(__name__)


class Replays:
    """Looks for marked events once a second, and at the start.

    An event leaves the lot once its handler returned: a process that dies in between hands it over again at the next
    start, and handlers apply an event once. One that fails again stays parked without its mark, so nothing spins.
    """

    def __init__(self, store: Store, bus: InProcessBus, lot: ParkingLot) -> None:
        self._store = store
        self._bus = bus
        self._lot = lot
        self._is_indexed = False

    async def follow(self, stop: asyncio.Event) -> None:
        """Hand over what is marked until `stop` is set; an outage of the store is waited for."""
        while not stop.is_set():
            try:
                while not stop.is_set() and await self.hand_over():
                    continue
            except Unavailable as error:
                _log.warning("replays_wait_for_store", reason=error.detail)
            await pause(stop, LOOK_EVERY_SECONDS)

    async def hand_over(self) -> int:
        """Hand over some of what is marked; returns how many there were. Raises `Unavailable`."""
        if not self._is_indexed:
            await self._store.ensure_indexes(PARKED, PARKED_INDEXES)
            self._is_indexed = True
        marked = await self._lot.to_replay(TOGETHER)
        for event, _ in marked:
            reason = await self._bus.redeliver(event.subscription, Message(event.id, event.type, event.body))
            if reason is None:
                await self._lot.handled(event)
                _log.info("parked_event_replayed", subscription=event.subscription, event_id=event.id)
            else:
                await self._lot.failed_again(event, reason)
                _log.error(
                    "parked_event_failed_again", subscription=event.subscription, event_id=event.id, reason=reason
                )
        return len(marked)
