"""Events between services: the bus, its two adapters, the outbox relay and the consuming side."""

from shared.messaging.bus import Bus, Delivery, Handler, Message, Subscription
from shared.messaging.consumer import Consumer, EventHandler
from shared.messaging.outbox import OutboxRelay, outbox_fields

__all__ = [
    "Bus",
    "Consumer",
    "Delivery",
    "EventHandler",
    "Handler",
    "Message",
    "OutboxRelay",
    "Subscription",
    "outbox_fields",
]
