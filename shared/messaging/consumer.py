"""The consuming side: decodes events, holds them while a dependency is down, tells poison from bad luck."""

import asyncio
import random
from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from shared.events import CloudEvent, decode
from shared.kernel.errors import Unavailable
from shared.kernel.origin import originating
from shared.messaging.bus import Bus, Subscription

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 10.0

_log: Final = structlog.get_logger(__name__)


class EventHandler(Protocol):
    """Applies one event. Must be idempotent on (subject, aggregateversion)."""

    async def __call__(self, event: CloudEvent) -> None: ...


class Consumer:
    """Routes a subscription's events to handlers by event type; types without a handler are acknowledged."""

    def __init__(
        self,
        handlers: Mapping[str, EventHandler],
        *,
        otherwise: EventHandler | None = None,
        jitter: random.Random | None = None,
    ) -> None:
        self._handlers = dict(handlers)
        self._otherwise = otherwise
        self._jitter = jitter or random.Random()  # noqa: S311 - spreads retries, guards nothing

    async def attach(self, bus: Bus, subscription: Subscription) -> None:
        """Start consuming `subscription`."""
        await bus.subscribe(subscription, self.handle)

    async def handle(self, body: bytes) -> None:
        """Apply the event in `body`.

        Raises what makes redelivery pointless or harmful to hide (`MalformedEvent`, a handler's bug): the bus counts
        those and parks the message. While a dependency is down it waits here instead, so an outage parks nothing.
        """
        event = decode(body)
        handler = self._handlers.get(event.type, self._otherwise)
        if handler is None:
            return
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                with originating(event.origin):  # what follows from an event was asked for by whoever caused it
                    await handler(event)
            except Unavailable as error:
                _log.warning("event_held", event_id=event.id, event_type=event.type, reason=error.detail)
                await asyncio.sleep(pause * self._jitter.uniform(0.5, 1.0))
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                return
