"""Where the in-process bus keeps messages that no handler could take; RabbitMQ has its `.parked` queues for that."""

from typing import Final

from shared.kernel.clock import Clock
from shared.messaging.bus import Message
from shared.storage import Collection, Store

PARKED: Final = "parked_events"


class ParkingLot:
    """Stores parked messages with the reason, one document per subscription and event."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._documents = Collection(store, PARKED)
        self._clock = clock

    async def park(self, subscription: str, message: Message, reason: str) -> None:
        """Keep `message`; parking it again changes nothing. Raises `Unavailable`."""
        await self._documents.insert(
            {
                "_id": f"{subscription}:{message.id}",
                "subscription": subscription,
                "key": message.key,
                "body": message.body,
                "reason": reason[:2000],
                "parked_ms": self._clock.now_ms(),
            }
        )
