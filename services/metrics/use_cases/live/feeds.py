"""Tenants' events in order in this replica, for as long as somebody here follows them."""

import time
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.metrics.domain.frames import Encoded
from services.metrics.domain.sequence import StoredRange
from services.metrics.ports import ActivityStore
from services.metrics.use_cases.live.channel import Channel
from services.metrics.use_cases.live.subscriber import Ending, Subscriber
from services.metrics.use_cases.live.tenant_feed import ORDINARY_PACE, MakeChannel, Pace, Seconds, TenantFeed


@dataclass(slots=True)
class Following:
    """One client's place at a channel."""

    feed: TenantFeed
    channel: Channel
    subscriber: Subscriber

    @property
    def position(self) -> int:
        """The number of the last event that the channel has heard of."""
        return self.feed.position

    def join(self) -> int:
        """Receive every frame from now on; returns the position that they follow."""
        self.channel.audience.add(self.subscriber)
        return self.feed.position

    async def frames(self) -> AsyncIterator[Encoded]:
        """The frames from `join` on. Raises `StreamEnded`."""
        self.subscriber.is_live = True
        while True:
            yield await self.subscriber.next()


class LiveFeeds:
    """The feeds of all tenants that are followed here."""

    def __init__(
        self, activity: ActivityStore, *, seconds: Seconds = time.monotonic, pace: Pace = ORDINARY_PACE
    ) -> None:
        self._activity = activity
        self._seconds = seconds
        self._pace = pace
        self._feeds: dict[str, TenantFeed] = {}
        self._followers: set[Subscriber] = set()
        self._closed = False

    @property
    def are_followed(self) -> bool:
        """Whether anybody follows any tenant here."""
        return bool(self._feeds)

    def offer(self, ranges: Sequence[StoredRange]) -> None:
        """What some replica has stored: of interest only where its tenant is followed."""
        for stored in ranges:
            feed = self._feeds.get(stored.tenant_id)
            if feed is not None:
                feed.offer(stored)

    @asynccontextmanager
    async def following(
        self, tenant_id: str, kind: Hashable, make: MakeChannel, subscriber: Subscriber
    ) -> AsyncIterator[Following]:
        """A place at the tenant's channel of this kind until the block ends. Raises `Unavailable`."""
        feed = self._feeds.setdefault(tenant_id, TenantFeed(tenant_id, self._activity, self._seconds, self._pace))
        feed.enter(kind)
        self._followers.add(subscriber)
        if self._closed:
            subscriber.end(Ending.RESTARTING)
        try:
            await feed.open()
            yield Following(feed, feed.channel(kind, make), subscriber)
        finally:
            self._followers.discard(subscriber)
            await self._leave(tenant_id, feed, kind, subscriber)

    async def _leave(self, tenant_id: str, feed: TenantFeed, kind: Hashable, subscriber: Subscriber) -> None:
        feed.forget(subscriber)
        await feed.leave(kind)
        if not feed.is_followed and self._feeds.get(tenant_id) is feed:
            del self._feeds[tenant_id]
            await feed.close()

    def close(self) -> None:
        """End every stream, and each that begins from now on: the process stops."""
        self._closed = True
        for subscriber in self._followers:
            subscriber.end(Ending.RESTARTING)
