"""The stream of a tenant's figures, at the pace that the client asks for."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.dashboard import figures_of
from services.metrics.domain.frames import Encoded, MetricsFrame, encoded
from services.metrics.domain.rollup_keys import day_of
from services.metrics.ports import Fleet, JobCounter, Periods
from services.metrics.use_cases.live.channel import Audience, Position
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.live.follow_robots import superseded
from services.metrics.use_cases.live.subscriber import StreamEnded, Subscriber
from shared.kernel.clock import Clock, iso_utc

SHORTEST_INTERVAL: Final = 1
LONGEST_INTERVAL: Final = 60
DEFAULT_INTERVAL: Final = 5


class FiguresChannel:
    """Keeps the tenant's position; the figures follow each client's own clock."""

    def __init__(self) -> None:
        self.audience = Audience()

    def heard(self, entries: Sequence[ActivityEntry]) -> None:
        """Events only move the position."""

    async def run(self) -> None:
        """Nothing happens by itself."""


class FollowFigures:
    """The figures at once, then every `interval` seconds. Those of one second are read once for all who ask."""

    def __init__(
        self,
        feeds: LiveFeeds,
        fleet: Fleet,
        jobs: JobCounter,
        periods: Periods,
        clock: Clock,
        offline_after_ms: int,
    ) -> None:
        self._feeds = feeds
        self._fleet = fleet
        self._jobs = jobs
        self._periods = periods
        self._clock = clock
        self._offline_after_ms = offline_after_ms

    async def __call__(
        self, *, tenant_id: str, since: int | None, interval_seconds: float, subscriber: Subscriber
    ) -> AsyncGenerator[Encoded, None]:
        """The frames. Raises `StreamEnded`, `Unavailable`."""
        async with self._feeds.following(tenant_id, "figures", _channel, subscriber) as following:
            yield await self._frame(tenant_id, following.position)
            if since is not None:
                yield encoded(superseded(since, following.position, self._clock.now_ms()))
            while True:
                await _pause(interval_seconds, subscriber)
                yield await self._frame(tenant_id, following.position)

    async def _frame(self, tenant_id: str, seq: int) -> Encoded:
        robots = await self._fleet.of_tenant(tenant_id)
        jobs = await self._jobs.of_tenant(tenant_id)
        now_ms = self._clock.now_ms()
        today = (await self._periods.of_tenant(tenant_id, (day_of(now_ms),))).totals
        figures = figures_of(robots, jobs, today, now_ms, offline_after_ms=self._offline_after_ms)
        return encoded(MetricsFrame(seq=seq, timestamp=iso_utc(now_ms), data=figures))


def _channel(_tenant_id: str, _position: Position) -> FiguresChannel:
    return FiguresChannel()


async def _pause(seconds: float, subscriber: Subscriber) -> None:
    try:
        await asyncio.wait_for(subscriber.ended.wait(), seconds)
    except TimeoutError:
        return
    assert subscriber.why is not None
    raise StreamEnded(subscriber.why)
