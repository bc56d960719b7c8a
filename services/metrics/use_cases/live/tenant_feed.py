"""One tenant's events in order in this replica, for as long as somebody here follows them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.sequence import InOrder, Numbers, StoredRange
from services.metrics.ports import ActivityStore
from services.metrics.use_cases.live.channel import AT_ONCE, BREAK_SECONDS, Channel, Position
from services.metrics.use_cases.live.subscriber import Ending, Subscriber
from shared.kernel.tasks import end_tasks

PAGE: Final = 500

Seconds = Callable[[], float]
MakeChannel = Callable[[str, Position], Channel]
"""Makes the channel of a tenant."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """When a feed looks into the store by itself."""

    look_every_seconds: float = 2.0
    """How often the last number is looked up: finds announcements that were lost."""
    look_for_gap_seconds: float = 0.3
    """What the announcement of a gap's events gets before the store is asked for them."""


ORDINARY_PACE: Final = Pace()


class TenantFeed:
    """One tenant's events, handed to its channels."""

    def __init__(self, tenant_id: str, activity: ActivityStore, seconds: Seconds, pace: Pace) -> None:
        self._tenant_id = tenant_id
        self._activity = activity
        self._seconds = seconds
        self._pace = pace
        self._order: InOrder | None = None
        self._early: list[StoredRange] = []
        """What was announced while the position was still being read."""
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        """Set, and replaced, when the position may have moved."""
        self._looked_at = 0.0
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._opened: asyncio.Task[None] | None = None
        self._channels: dict[Hashable, Channel] = {}
        self._followers: Counter[Hashable] = Counter()

    @property
    def position(self) -> int:
        """The number of the last event that was handed out, or is void."""
        return 0 if self._order is None else self._order.position

    async def reach(self, seq: int) -> None:
        """Return when the event number `seq` was handed out: another replica may be ahead of this one."""
        while self.position < seq:
            await self._moved.wait()

    async def open(self) -> None:
        """Find out where the tenant's events stand, once for all who ask. Raises `Unavailable`."""
        if self._opened is None or (self._opened.done() and self._order is None):
            self._opened = asyncio.create_task(self._open())
        await asyncio.shield(self._opened)

    async def _open(self) -> None:
        settled = await self._activity.settled_number(self._tenant_id)
        last = await self._activity.last_number(self._tenant_id)
        self._looked_at = self._seconds()
        self._order = InOrder(settled)
        self._order.note(last, self._looked_at)
        early, self._early = self._early, []
        for stored in early:
            self.offer(stored)
        self._tasks[self] = asyncio.create_task(self._keep_up(), name="live-feed")

    @property
    def is_followed(self) -> bool:
        """Whether anybody follows anything of the tenant."""
        return self._followers.total() > 0

    def enter(self, kind: Hashable) -> None:
        """One more follows this kind."""
        self._followers[kind] += 1

    def channel(self, kind: Hashable, make: MakeChannel) -> Channel:
        """The channel of this kind, made when it is the first to be asked for."""
        if kind not in self._channels:
            self._channels[kind] = channel = make(self._tenant_id, lambda: self.position)
            self._tasks[kind] = asyncio.create_task(channel.run(), name="live-channel")
        return self._channels[kind]

    async def leave(self, kind: Hashable) -> None:
        """One less follows this kind; its channel ends with the last one."""
        self._followers[kind] -= 1
        if self._followers[kind] == 0 and self._channels.pop(kind, None) is not None:
            await end_tasks([self._tasks.pop(kind)])

    async def close(self) -> None:
        """End everything."""
        opened = [] if self._opened is None else [self._opened]
        await end_tasks([*self._tasks.values(), *opened])

    def offer(self, stored: StoredRange) -> None:
        """These events of the tenant are stored."""
        if self._order is None:
            self._early.append(stored)
            return
        self._order.offer(stored, self._seconds())
        self._hand_out(self._order.take(AT_ONCE))
        if self._order.has_more or self._order.gap() is not None:
            self._wake.set()

    def forget(self, subscriber: Subscriber) -> None:
        """Tell `subscriber` no more."""
        for channel in self._channels.values():
            channel.audience.remove(subscriber)

    def end(self, why: Ending) -> None:
        """End the streams of all who follow."""
        for channel in self._channels.values():
            channel.audience.end(why)

    def _hand_out(self, entries: Sequence[ActivityEntry]) -> None:
        if entries:
            for channel in self._channels.values():
                channel.heard(entries)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _keep_up(self) -> None:
        while self._order is not None:
            await self._pause(has_gap=self._order.gap() is not None)
            try:
                await self._hand_out_the_rest(self._order)
                if self._seconds() - self._looked_at >= self._pace.look_every_seconds:
                    await self._look_at_the_last(self._order)
                gap = self._order.gap()
                if gap is not None:
                    await self._look_for(gap, self._order)
            except Exception as error:  # noqa: BLE001 - those who follow must not be left without news
                _log.warning("live_feed_failed", reason=f"{type(error).__name__}: {error}")

    async def _pause(self, *, has_gap: bool) -> None:
        self._wake.clear()
        seconds = self._pace.look_for_gap_seconds if has_gap else self._pace.look_every_seconds
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return
        await asyncio.sleep(self._pace.look_for_gap_seconds)

    async def _look_at_the_last(self, order: InOrder) -> None:
        last = await self._activity.last_number(self._tenant_id)
        self._looked_at = self._seconds()
        if last < order.position:
            _log.warning("live_feed_began_anew", position=order.position, last=last)
            self._order = InOrder(last)
            self.end(Ending.RESTARTING)
            return
        order.note(last, self._looked_at)

    async def _look_for(self, gap: Numbers, order: InOrder) -> None:
        page = Numbers(gap.first, min(gap.last, gap.first + PAGE - 1))
        found = await self._activity.numbered(self._tenant_id, page, limit=PAGE)
        self._hand_out(order.fill(page, found, self._seconds(), AT_ONCE))
        await self._hand_out_the_rest(order)

    async def _hand_out_the_rest(self, order: InOrder) -> None:
        """What piled up behind a gap, in pieces: those who follow get to read in between."""
        while order.has_more:
            await asyncio.sleep(BREAK_SECONDS)
            self._hand_out(order.take(AT_ONCE))
