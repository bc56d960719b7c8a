"""Event type → use case. What is kept is handled by one replica, and repeats change nothing; all hear what was kept."""

from collections.abc import Sequence
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, Counter

from services.metrics.domain.facts import TERMINAL_EVENTS
from services.metrics.domain.sequence import StoredRange
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.record_activity import RecordActivity
from services.metrics.use_cases.record_job_fact import Outcome, RecordJobFact
from shared.events import CloudEvent
from shared.kernel.ids import NewId
from shared.messaging import Bus, Consumer, Delivery, Message, Subscription

ACTIVITY: Final = Subscription("metrics.activity", ("#",), prefetch=256)
FACTS: Final = Subscription("metrics.facts", tuple(TERMINAL_EVENTS), prefetch=256)

STORED_KEY: Final = "live.activity_stored"
STORED: Final = Subscription("metrics.live", (STORED_KEY,), Delivery.ANNOUNCED)

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(tuple[StoredRange, ...])


class Announcements:
    """Tells every replica which events were stored, so that none has to read them from the store."""

    def __init__(self, bus: Bus, new_id: NewId) -> None:
        self._bus = bus
        self._new_id = new_id

    async def send(self, stored: Sequence[StoredRange]) -> None:
        """Tell all replicas, this one included. Never raises."""
        await self._bus.announce(Message(self._new_id(), STORED_KEY, _encoder.encode(stored)))

    async def attach(self, feeds: LiveFeeds) -> None:
        """Hand `feeds` what any replica tells."""

        async def on_stored(body: bytes) -> None:
            if feeds.are_followed:
                feeds.offer(_decoder.decode(body))

        await self._bus.subscribe(STORED, on_stored)


class MetricsConsumers:
    """Hands events to the use cases and counts what became of them."""

    def __init__(self, activity: RecordActivity, facts: RecordJobFact, registry: CollectorRegistry) -> None:
        self._record_activity = activity
        self._record_fact = facts
        self._events = Counter(
            "casare_metrics_events_total",
            "Events handled, by subscription and what became of them",
            ("subscription", "outcome"),
            registry=registry,
        )

    async def attach(self, bus: Bus) -> None:
        """Start consuming."""
        await Consumer({}, otherwise=self.on_event).attach(bus, ACTIVITY)
        await Consumer(dict.fromkeys(TERMINAL_EVENTS, self.on_job_end)).attach(bus, FACTS)

    async def on_event(self, event: CloudEvent) -> None:
        """Any event, into the activity. Raises `MalformedEvent`, `Unavailable`."""
        is_new = await self._record_activity(event)
        self._count(ACTIVITY, Outcome.APPLIED if is_new else Outcome.DUPLICATE)

    async def on_job_end(self, event: CloudEvent) -> None:
        """A terminal job event, into the facts. Raises `MalformedEvent`, `Unavailable`."""
        self._count(FACTS, await self._record_fact(event))

    def _count(self, subscription: Subscription, outcome: Outcome) -> None:
        self._events.labels(subscription.name, outcome.value).inc()
