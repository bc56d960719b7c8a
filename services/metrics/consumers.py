"""Event type → use case. Both subscriptions are shared: one replica handles each event, and repeats change nothing."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

from services.metrics.domain.activity import NOT_SHOWN
from services.metrics.domain.facts import TERMINAL_EVENTS
from services.metrics.use_cases.record_activity import RecordActivity
from services.metrics.use_cases.record_job_fact import Outcome, RecordJobFact
from shared.events import CloudEvent
from shared.messaging import Bus, Consumer, Subscription

ACTIVITY: Final = Subscription("metrics.activity", ("#",), prefetch=256)
FACTS: Final = Subscription("metrics.facts", tuple(TERMINAL_EVENTS), prefetch=256)


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
        """Any event that tells people something, into the activity. Raises `MalformedEvent`, `Unavailable`."""
        if event.type in NOT_SHOWN:
            return
        is_new = await self._record_activity(event)
        self._count(ACTIVITY, Outcome.APPLIED if is_new else Outcome.DUPLICATE)

    async def on_job_end(self, event: CloudEvent) -> None:
        """A terminal job event, into the facts. Raises `MalformedEvent`, `Unavailable`."""
        self._count(FACTS, await self._record_fact(event))

    def _count(self, subscription: Subscription, outcome: Outcome) -> None:
        self._events.labels(subscription.name, outcome.value).inc()
