"""One write, then an event: the outbox inside the document, and the relay that empties it.

A state change and its event are one atomic update of one document (`outbox_fields`). The relay publishes right after
and clears published events in bulk. A sweep publishes what a crash left behind. So nothing is published that was not
stored, and nothing stored stays unpublished.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from pymongo import UpdateOne

from shared.events import CloudEvent, MalformedEvent, decode, encode
from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.tasks import finish_tasks, pause
from shared.messaging.bus import Bus, Message
from shared.storage import Document, Index, Receipt, Store, translate_errors

OUTBOX_INDEX: Final = Index("outbox_unsent", (("unsent", 1),))
"""Every collection with an outbox has it: the sweep's query."""

PUBLISH_BATCH: Final = 256
CONCURRENT_BATCHES: Final = 128
"""Small batches follow each other quickly, and a subscriber may hold one for a while to store events together."""
CLEAR_AFTER_SECONDS: Final = 0.2
"""Published events are cleared together after this pause: one write per document instead of one per event."""
SWEEP_EVERY_SECONDS: Final = 5.0
SWEEP_OLDER_THAN_MS: Final = 10_000
"""Younger events are still in the hands of the replica that wrote them."""
SWEEP_LIMIT: Final = 500
RETRY_PAUSE_SECONDS: Final = 1.0
MAX_WAITING: Final = 20_000
"""Beyond this many unpublished events in memory they are left to the sweep: memory stays bounded (faults 5)."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OutboxFields:
    """The parts of an update that put `event` into the document's outbox; merge them into `$set` and `$inc`."""

    to_set: Document
    to_increment: Document
    receipt: Receipt


def outbox_fields(event: CloudEvent) -> OutboxFields:
    """How an update stores `event` with the state change that causes it."""
    path = f"outbox.{event.id}"
    return OutboxFields({path: encode(event).decode()}, {"unsent": 1}, Receipt(path))


def outbox_of_new(event: CloudEvent) -> Document:
    """The outbox of a document that is inserted together with its first event."""
    return {"outbox": {event.id: encode(event).decode()}, "unsent": 1}


_EventIds = dict[str, set[str]]
"""Events by the document in whose outbox they stand."""


@dataclass(frozen=True, slots=True)
class _Pending:
    collection: str
    document_id: str
    event_id: str
    event_type: str
    body: bytes

    @property
    def message(self) -> Message:
        return Message(self.event_id, self.event_type, self.body)


class OutboxRelay:
    """Publishes the events of stored changes, one relay per process and store."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        collections: Iterable[str],
        registry: CollectorRegistry,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._collections = tuple(collections)
        self._waiting: asyncio.Queue[_Pending | None] = asyncio.Queue()
        self._stop = asyncio.Event()
        self._published: list[_Pending] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._n_published = Counter("casare_outbox_published_total", "Events confirmed by the bus", registry=registry)
        self._n_refused = Counter(
            "casare_outbox_refused_total",
            "Events the bus did not take; they stay in the outbox",
            registry=registry,
        )
        Gauge("casare_outbox_waiting", "Events waiting in memory to be published", registry=registry).set_function(
            self._waiting.qsize
        )

    def send(self, collection: str, document_id: str, event: CloudEvent) -> None:
        """Publish `event`, which stands in the outbox of `document_id`, off the caller's path."""
        if self._waiting.qsize() < MAX_WAITING:
            self._waiting.put_nowait(_Pending(collection, document_id, event.id, event.type, encode(event)))

    async def start(self) -> None:
        """Start publishing, clearing and sweeping."""
        self._tasks = [
            asyncio.create_task(self._publish_forever(), name="outbox-publish"),
            asyncio.create_task(self._clear_forever(), name="outbox-clear"),
            asyncio.create_task(self._sweep_forever(), name="outbox-sweep"),
        ]

    async def close(self) -> None:
        """Publish and clear what is at hand, then stop; what cannot be published stays in the outbox."""
        self._waiting.put_nowait(None)
        await finish_tasks(self._tasks, self._stop)
        try:
            await self._publish(self._take_waiting())
            await self._clear()
        except Unavailable as error:
            _log.warning("outbox_left_for_sweep", reason=error.detail)

    async def _publish_forever(self) -> None:
        """Several batches at a time: a slow consumer of one event must not delay those behind it. None ends it."""
        free = asyncio.Semaphore(CONCURRENT_BATCHES)
        async with asyncio.TaskGroup() as batches:
            while (first := await self._waiting.get()) is not None:
                batch = [first, *self._take_waiting(PUBLISH_BATCH - 1)]
                await free.acquire()
                task = batches.create_task(self._publish_or_requeue(batch))
                task.add_done_callback(lambda _: free.release())

    async def _publish_or_requeue(self, batch: Sequence[_Pending]) -> None:
        refused = await self._publish(batch)
        if refused:
            await pause(self._stop, RETRY_PAUSE_SECONDS)
            for pending in refused[: MAX_WAITING - self._waiting.qsize()]:
                self._waiting.put_nowait(pending)

    def _take_waiting(self, limit: int = MAX_WAITING) -> list[_Pending]:
        taken = [self._waiting.get_nowait() for _ in range(min(limit, self._waiting.qsize()))]
        if None in taken:
            self._waiting.put_nowait(None)
        return [pending for pending in taken if pending is not None]

    async def _publish(self, batch: Sequence[_Pending]) -> list[_Pending]:
        """Publish `batch`, noting what was taken for clearing; returns what the bus did not take."""
        if not batch:
            return []
        outcomes = await self._bus.publish([pending.message for pending in batch])
        taken = [pending for pending, ok in zip(batch, outcomes, strict=True) if ok]
        self._n_published.inc(len(taken))
        self._n_refused.inc(len(batch) - len(taken))
        self._published.extend(taken)
        return [pending for pending, ok in zip(batch, outcomes, strict=True) if not ok]

    async def _clear_forever(self) -> None:
        while not self._stop.is_set():
            await pause(self._stop, CLEAR_AFTER_SECONDS)
            try:
                await self._clear()
            except Unavailable as error:
                _log.warning("outbox_not_cleared", reason=error.detail)

    async def _clear(self) -> None:
        """Remove published events from their documents; safe to repeat, as each removal is guarded."""
        published, self._published = self._published, []
        try:
            for collection, events in _by_document(published).items():
                await self._remove(collection, events)
        except Unavailable:
            self._published.extend(published)
            raise

    async def _remove(self, collection: str, events: _EventIds) -> None:
        """One write per document; one per event where another replica, or the sweep, was first with some of them."""
        together = [_removal(document_id, sorted(event_ids)) for document_id, event_ids in events.items()]
        with translate_errors():
            result = await self._store.collection(collection).bulk_write(together, ordered=False)
            if result.matched_count < len(together):
                alone = [_removal(document_id, [one]) for document_id, several in events.items() for one in several]
                await self._store.collection(collection).bulk_write(alone, ordered=False)

    async def _sweep_forever(self) -> None:
        while not self._stop.is_set():
            try:
                await self.sweep()
            except Unavailable as error:
                _log.warning("outbox_sweep_failed", reason=error.detail)
            await pause(self._stop, SWEEP_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Publish what a crashed replica left in outboxes; returns how many events were published."""
        found = [pending for name in self._collections for pending in await self._left_behind(name)]
        refused = await self._publish(found)
        return len(found) - len(refused)

    async def _left_behind(self, collection: str) -> list[_Pending]:
        with translate_errors():
            cursor = self._store.collection(collection).find({"unsent": {"$gt": 0}}, {"outbox": 1}).limit(SWEEP_LIMIT)
            documents = await cursor.to_list()
        oldest_in_flight = self._clock.now_ms() - SWEEP_OLDER_THAN_MS
        return [
            pending
            for document in documents
            for pending in _events_in(collection, document)
            if decode(pending.body).timems < oldest_in_flight
        ]


def _by_document(published: Sequence[_Pending]) -> dict[str, _EventIds]:
    """Per collection."""
    events: dict[str, _EventIds] = defaultdict(lambda: defaultdict(set))
    for pending in published:
        events[pending.collection][pending.document_id].add(pending.event_id)
    return events


def _removal(document_id: str, event_ids: Sequence[str]) -> UpdateOne:
    paths = [f"outbox.{event_id}" for event_id in event_ids]
    guard: dict[str, Any] = {"_id": document_id, **{path: {"$exists": True} for path in paths}}
    return UpdateOne(guard, {"$unset": dict.fromkeys(paths, ""), "$inc": {"unsent": -len(paths)}})


def _events_in(collection: str, document: Document) -> list[_Pending]:
    found = []
    for event_id, body in document.get("outbox", {}).items():
        try:
            event = decode(body)
        except MalformedEvent as error:
            _log.error("outbox_entry_malformed", collection=collection, document=document["_id"], reason=str(error))
            continue
        found.append(_Pending(collection, document["_id"], event_id, event.type, body.encode()))
    return found
