"""The bus of the embedded shape: queues in memory, responsibility in the outbox.

A message counts as published once every shared subscription has handled (or parked) it. Until then its event stays
in the outbox of its document, so a crash loses nothing: the next start publishes it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from shared.kernel.errors import Unavailable
from shared.messaging.bus import MAX_DELIVERIES, Delivery, Handler, Message, Subscription, topic_matches

Park = Callable[[str, Message, str], Awaitable[None]]
"""Keeps a message that cannot be handled: subscription name, message, reason."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Subscriber:
    subscription: Subscription
    handler: Handler
    slots: asyncio.Semaphore

    def wants(self, message: Message) -> bool:
        return any(topic_matches(topic, message.key) for topic in self.subscription.topics)


class InProcessBus:
    """`Bus` without a broker; all services of one process share one instance."""

    def __init__(self, park: Park) -> None:
        self._park = park
        self._subscribers: list[_Subscriber] = []
        self._routes: dict[str, list[_Subscriber]] = {}
        self._open = False

    async def start(self) -> None:
        self._open = True

    async def close(self) -> None:
        self._open = False

    async def check(self) -> None:
        if not self._open:
            raise Unavailable("The event bus is closed.")

    async def subscribe(self, subscription: Subscription, handler: Handler) -> None:
        self._subscribers.append(_Subscriber(subscription, handler, asyncio.Semaphore(subscription.prefetch)))
        self._routes.clear()

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        if not self._open:
            return [False] * len(messages)
        return list(await asyncio.gather(*(self._deliver(message) for message in messages)))

    async def announce(self, message: Message) -> None:
        if not self._open:
            return
        for listener in self._subscribers:
            if listener.subscription.delivery is Delivery.ANNOUNCED and listener.wants(message):
                try:
                    await listener.handler(message.body)
                except Exception as error:  # noqa: BLE001 - whatever a handler raises, others go on
                    _log.error("announcement_failed", subscription=listener.subscription.name, reason=repr(error))

    async def redeliver(self, subscription_name: str, message: Message) -> str | None:
        """Hand `message` to the one shared subscription of that name; returns why it failed, None when it did not."""
        for subscriber in self._subscribers:
            subscription = subscriber.subscription
            if subscription.name == subscription_name and subscription.delivery is Delivery.SHARED:
                return await self._try(subscriber, message)
        return "There is no such subscription any more."

    async def _deliver(self, message: Message) -> bool:
        subscribers = self._subscribers_of(message)
        if not any(s.subscription.delivery is Delivery.SHARED for s in subscribers):
            _log.warning("event_unroutable", event_type=message.key, event_id=message.id)
            return False
        outcomes = await asyncio.gather(*(self._hand_over(s, message) for s in subscribers))
        return all(outcomes)

    def _subscribers_of(self, message: Message) -> list[_Subscriber]:
        if message.key not in self._routes:
            self._routes[message.key] = [
                s for s in self._subscribers if s.wants(message) and s.subscription.delivery is not Delivery.ANNOUNCED
            ]
        return self._routes[message.key]

    async def _hand_over(self, subscriber: _Subscriber, message: Message) -> bool:
        reason = await self._try(subscriber, message)
        return reason is None or await self._give_up(subscriber.subscription, message, reason)

    async def _try(self, subscriber: _Subscriber, message: Message) -> str | None:
        """Call the handler up to `MAX_DELIVERIES` times; returns why the last call failed, None when one did not."""
        reason: str | None = None
        async with subscriber.slots:
            for _ in range(MAX_DELIVERIES):
                try:
                    await subscriber.handler(message.body)
                except Exception as error:  # noqa: BLE001 - whatever a handler raises, others go on
                    reason = f"{type(error).__name__}: {error}"
                else:
                    return None
        return reason

    async def _give_up(self, subscription: Subscription, message: Message, reason: str) -> bool:
        _log.error("event_handler_failed", subscription=subscription.name, event_id=message.id, reason=reason)
        if subscription.delivery is Delivery.BROADCAST:
            return True
        try:
            await self._park(subscription.name, message, reason)
        except Unavailable:
            return False
        return True
