"""Where the in-process bus keeps messages that no handler could take; RabbitMQ has its `.parked` queues for that.

A replay is asked for by a mark on the document. The installation's own process hands marked events over
(`shared/messaging/replays.py`), now when it runs, else at its next start: only there the handlers are.
"""

import asyncio
import time
from collections import defaultdict
from typing import Final

from shared.kernel.clock import Clock
from shared.messaging.bus import Message
from shared.messaging.parked import (
    ALL,
    MOST_AT_ONCE,
    ParkedEvent,
    ParkedQueue,
    Progress,
    Replayed,
    Selection,
)
from shared.storage import Collection, Document, Index, Store
from shared.storage.collection import Absent, Receipt

PARKED: Final = "parked_events"
PARKED_INDEXES: Final = (
    Index("replay", (("replay_ms", 1),), sparse=True),
    Index("subscription", (("subscription", 1),)),
)
PATIENCE_SECONDS: Final = 5.0
"""How long a replay waits without anything being handed over: then no installation runs, or a handler holds it up."""
_LOOK_SECONDS: Final = 0.1
_WAITING_PER_SECOND: Final = 10_000
"""The more events wait, the more a look costs, and the rarer it is."""
_DELETE_TOGETHER: Final = 500


class ParkingLot:
    """One document per subscription and event, with the reason. Implements `ParkedEvents`."""

    def __init__(self, store: Store, clock: Clock, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._documents = Collection(store, PARKED)
        self._clock = clock
        self._patience_seconds = patience_seconds

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

    async def queues(self) -> list[ParkedQueue]:
        parked: dict[str, list[int]] = defaultdict(list)
        for document in await self._documents.find({}, fields=("subscription", "parked_ms")):
            parked[document["subscription"]].append(document["parked_ms"])
        return [ParkedQueue(name, len(times), min(times)) for name, times in sorted(parked.items())]

    async def events(self, subscription: str, selection: Selection = ALL, *, limit: int = 100) -> list[ParkedEvent]:
        documents = await self._documents.find(
            _query(subscription, selection), sort=(("parked_ms", 1),), limit=min(limit, MOST_AT_ONCE)
        )
        return [_event(document) for document in documents]

    async def replay(
        self,
        subscription: str,
        selection: Selection = ALL,
        *,
        limit: int = MOST_AT_ONCE,
        progress: Progress = lambda _: None,
    ) -> Replayed:
        ids = await self._ids(subscription, selection, limit)
        now_ms = self._clock.now_ms()
        marked = await asyncio.gather(
            *(
                self._documents.update({"_id": each}, {"$set": {"replay_ms": now_ms}}, Receipt("replay_ms", now_ms))
                for each in ids
            )
        )
        return await self._outcome([each for each, is_marked in zip(ids, marked, strict=True) if is_marked], progress)

    async def discard(
        self,
        subscription: str,
        selection: Selection = ALL,
        *,
        limit: int = MOST_AT_ONCE,
        progress: Progress = lambda _: None,
    ) -> int:
        ids = await self._ids(subscription, selection, limit)
        n_deleted = 0
        for start in range(0, len(ids), _DELETE_TOGETHER):
            n_deleted += await self._documents.delete({"_id": {"$in": ids[start : start + _DELETE_TOGETHER]}})
            progress(n_deleted)
        return n_deleted

    async def to_replay(self, limit: int) -> list[tuple[ParkedEvent, int]]:
        """Events that are marked, and since when."""
        found = await self._documents.find({"replay_ms": {"$gt": 0}}, sort=(("replay_ms", 1),), limit=limit)
        return [(_event(document), document["replay_ms"]) for document in found]

    async def handled(self, event: ParkedEvent) -> None:
        """The event was handled after all: it is parked no more."""
        await self._documents.delete({"_id": f"{event.subscription}:{event.id}"})

    async def failed_again(self, event: ParkedEvent, reason: str) -> None:
        """The replay failed: the event stays, with the new reason, until it is marked again."""
        change = {
            "$set": {"reason": reason[:2000], "parked_ms": self._clock.now_ms()},
            "$unset": {"replay_ms": ""},
        }
        await self._documents.update({"_id": f"{event.subscription}:{event.id}"}, change, Receipt("replay_ms", Absent))

    async def _ids(self, subscription: str, selection: Selection, limit: int) -> list[str]:
        query = _query(subscription, selection)
        sort = (("parked_ms", 1),)
        found = await self._documents.find(query, sort=sort, limit=min(limit, MOST_AT_ONCE), fields=("parked_ms",))
        return [document["_id"] for document in found]

    async def _outcome(self, ids: list[str], progress: Progress) -> Replayed:
        """Waits until the marked events are dealt with, or nothing has happened for a while."""
        since, n_done = time.monotonic(), 0
        while True:
            left = await self._documents.find({"_id": {"$in": ids}}, fields=("replay_ms",))
            waiting = [document["_id"] for document in left if document.get("replay_ms")]
            if len(ids) - len(waiting) != n_done:
                since, n_done = time.monotonic(), len(ids) - len(waiting)
                progress(n_done)
            if not waiting or time.monotonic() - since >= self._patience_seconds:
                came_back = [document["_id"].split(":", 1)[1] for document in left if not document.get("replay_ms")]
                return Replayed(n_done, tuple(came_back), len(waiting))
            await asyncio.sleep(_LOOK_SECONDS + len(waiting) / _WAITING_PER_SECOND)


def _query(subscription: str, selection: Selection) -> Document:
    query: Document = {"subscription": subscription}
    if selection.event_id is not None:
        query["_id"] = f"{subscription}:{selection.event_id}"
    if selection.event_type is not None:
        query["key"] = selection.event_type
    return query


def _event(document: Document) -> ParkedEvent:
    subscription = document["subscription"]
    return ParkedEvent(
        id=document["_id"].removeprefix(f"{subscription}:"),
        subscription=subscription,
        type=document["key"],
        reason=document["reason"],
        parked_ms=document["parked_ms"],
        body=bytes(document["body"]),
    )
