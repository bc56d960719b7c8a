"""The stream of how many jobs wait."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.fleet import JobCounts
from services.metrics.domain.frames import Encoded, QueueMetrics, encoded
from services.metrics.domain.job_updates import JOB_EVENTS
from services.metrics.ports import JobCounter
from services.metrics.use_cases.live.channel import Audience, Position, every
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.live.follow_robots import superseded
from services.metrics.use_cases.live.shared_read import SharedRead
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.kernel.clock import Clock, iso_utc

COALESCED_SECONDS: Final = 0.2
LOOK_EVERY_SECONDS: Final = 2.0


class QueueChannel:
    """Counts again when a job's event comes, and every two seconds; tells what is another number than before."""

    def __init__(self, tenant_id: str, position: Position, jobs: JobCounter, clock: Clock) -> None:
        self.audience = Audience()
        self._tenant_id = tenant_id
        self._position = position
        self._jobs = jobs
        self._clock = clock
        self._wake = asyncio.Event()
        self._told: JobCounts | None = None

    def heard(self, entries: Sequence[ActivityEntry]) -> None:
        if any(entry.event_type in JOB_EVENTS for entry in entries):
            self._wake.set()

    async def run(self) -> None:
        await every(LOOK_EVERY_SECONDS, self._count, self._wake)

    async def _count(self) -> None:
        await asyncio.sleep(COALESCED_SECONDS)
        self._wake.clear()  # what came until now is counted now
        counts = await self._jobs.of_tenant_now(self._tenant_id)
        if counts != self._told:
            self._told = counts
            self.audience.tell(queue_frame(counts, self._position(), self._clock.now_ms()))


def queue_frame(counts: JobCounts, seq: int, now_ms: int) -> QueueMetrics:
    """The counts as a frame."""
    return QueueMetrics(seq=seq, timestamp=iso_utc(now_ms), depth=counts.pending, active=counts.active)


class FollowQueue:
    """First the depth now, then each other one."""

    def __init__(self, feeds: LiveFeeds, jobs: JobCounter, clock: Clock) -> None:
        self._feeds = feeds
        self._jobs = jobs
        self._clock = clock
        self._counts = SharedRead(jobs.of_tenant_now)

    async def __call__(
        self, *, tenant_id: str, since: int | None, subscriber: Subscriber
    ) -> AsyncGenerator[Encoded, None]:
        """The frames. Raises `StreamEnded`, `Unavailable`."""
        async with self._feeds.following(tenant_id, "queue", self._channel, subscriber) as following:
            position = following.join()
            counts = await self._counts.of(tenant_id)
            now_ms = self._clock.now_ms()
            yield encoded(queue_frame(counts, position, now_ms))
            if since is not None:
                yield encoded(superseded(since, position, now_ms))
            async for frame in following.frames():
                yield frame

    def _channel(self, tenant_id: str, position: Position) -> QueueChannel:
        return QueueChannel(tenant_id, position, self._jobs, self._clock)
