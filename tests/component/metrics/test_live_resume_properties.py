"""A client that loses its connection again and again, at whichever replica, misses and repeats nothing."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.adapters.activity_store import ACTIVITY, ACTIVITY_INDEXES, MongoActivity
from services.metrics.adapters.tenant_sequences import TenantSequences
from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.event_text import Choice
from services.metrics.domain.sequence import StoredRange
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.live.follow_events import FollowEvents
from services.metrics.use_cases.live.replay import Replay
from services.metrics.use_cases.live.subscriber import Subscriber
from services.metrics.use_cases.live.tenant_feed import Pace
from shared.kernel.tasks import end_tasks
from shared.storage import Store, connect
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

N_REPLICAS = 2
AT_ONCE = Pace(look_every_seconds=0.01, look_for_gap_seconds=0.002)
_examples = count()


class Replicas:
    """Replicas over one store; what they announce comes only where and when the test says so."""

    def __init__(self, store: Store) -> None:
        self.clock = ManualClock()
        self.sequences = TenantSequences(store, self.clock)
        self.announced: list[Sequence[StoredRange]] = []
        self.activities = [MongoActivity(store, self.clock, announce=self._note) for _ in range(N_REPLICAS)]
        self.feeds = [
            LiveFeeds(activity, seconds=lambda: self.clock.now_ms() / 1000, pace=AT_ONCE)
            for activity in self.activities
        ]
        self.n_events = 0

    async def _note(self, ranges: Sequence[StoredRange]) -> None:
        self.announced.append(ranges)

    async def store(self, replica: int, number: int) -> None:
        """A replica stores some new events at once, and one that is stored already."""
        new = range(self.n_events, self.n_events + number)
        self.n_events += number
        known = [new.start - 1] if number % 2 and new.start else []
        activity = self.activities[replica % N_REPLICAS]
        await asyncio.gather(*(activity.add(event_number(n)) for n in (*known, *new)))

    async def die(self, _replica: int, number: int) -> None:
        """A replica dies after it has taken numbers and before it has stored anything."""
        await self.sequences.reserve(["default"] * number)

    async def hear(self, replica: int, number: int) -> None:
        """A replica hears an announcement, perhaps late or again; others are lost."""
        if self.announced:
            self.feeds[replica % N_REPLICAS].offer(self.announced[-number % len(self.announced)])

    async def wait(self, _replica: int, number: int) -> None:
        """Time passes."""
        self.clock.advance(seconds=number)


class Client:
    """Follows the events, and comes back with the last number it saw."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas
        self._following: asyncio.Task[None] | None = None
        self._since = 0
        self.seen: list[int] = []

    async def move(self, replica: int, number: int) -> None:
        """Lose the connection after a moment, and come back at this replica."""
        for _ in range(number * 3):
            await asyncio.sleep(0)
        await self.leave()
        self._following = asyncio.create_task(self._follow(replica % N_REPLICAS))

    async def leave(self) -> None:
        if self._following is not None:
            await end_tasks([self._following])

    async def _follow(self, replica: int) -> None:
        activity, feeds = self._replicas.activities[replica], self._replicas.feeds[replica]
        follow = FollowEvents(feeds, Replay(activity), self._replicas.clock)
        stream = follow(tenant_id="default", since=self._since, choice=Choice(), subscriber=Subscriber())
        async with aclosing(stream) as frames:
            async for frame in frames:
                if "event: x\n" in frame.text:
                    self.seen.append(frame.seq)
                self._since = frame.seq


def event_number(n: int) -> ActivityEntry:
    return ActivityEntry(f"e-{n}", "default", "x", n, "{}")


steps = st.tuples(
    st.sampled_from(["store", "store", "store", "hear", "hear", "die", "wait", "move", "move"]),
    st.integers(0, N_REPLICAS - 1),
    st.integers(1, 4),
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(taken=st.lists(steps, max_size=30))
async def test_each_event_is_seen_once_and_in_order(
    taken: list[tuple[str, int, int]], store_url: str, database_name: str
) -> None:
    name = f"{database_name[:50]}_{next(_examples)}"
    async with connect(store_url, name) as store:
        await store.ensure_indexes(ACTIVITY, ACTIVITY_INDEXES)
        replicas = Replicas(store)
        client = Client(replicas)
        for step, replica, number in taken:
            does: Any = getattr(client if step == "move" else replicas, step)
            await does(replica, number)
        await client.move(0, 1)
        expected = [d["seq"] for d in await store.collection(ACTIVITY).find({}).sort("seq_place", 1).to_list()]
        assert len(expected) == replicas.n_events

        def all_seen() -> bool:
            replicas.clock.advance(seconds=10)
            return len(client.seen) >= len(expected)

        await eventually(all_seen, because=f"{expected} were stored")
        await client.leave()
        assert client.seen == expected
        await store.client.drop_database(name)
