"""The stream of a tenant's robots."""

from collections.abc import AsyncGenerator

from services.metrics.domain.frames import Encoded, Resumed, RobotsSnapshot, encoded
from services.metrics.domain.robot_updates import frame_of
from services.metrics.ports import Fleet
from services.metrics.use_cases.live.channel import Position
from services.metrics.use_cases.live.feeds import LiveFeeds
from services.metrics.use_cases.live.robot_channel import RobotChannel
from services.metrics.use_cases.live.shared_read import SharedRead
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.kernel.clock import Clock, iso_utc


class FollowRobots:
    """First every robot as it is, which is also all that a client who comes back has to know; then each change."""

    def __init__(self, feeds: LiveFeeds, fleet: Fleet, clock: Clock, offline_after_ms: int) -> None:
        self._feeds = feeds
        self._fleet = fleet
        self._clock = clock
        self._offline_after_ms = offline_after_ms
        self._robots = SharedRead(fleet.of_tenant_now)

    async def __call__(
        self, *, tenant_id: str, since: int | None, subscriber: Subscriber
    ) -> AsyncGenerator[Encoded, None]:
        """The frames. Raises `StreamEnded`, `Unavailable`."""
        async with self._feeds.following(tenant_id, "robots", self._channel, subscriber) as following:
            position = following.join()
            robots = await self._robots.of(tenant_id)
            now_ms = self._clock.now_ms()
            for robot in robots:
                yield encoded(frame_of(robot, position, now_ms, offline_after_ms=self._offline_after_ms))
            ids = tuple(robot.robot_id for robot in robots)
            yield encoded(RobotsSnapshot(seq=position, timestamp=iso_utc(now_ms), robot_ids=ids))
            if since is not None:
                yield encoded(superseded(since, position, now_ms))
            async for frame in following.frames():
                yield frame

    def _channel(self, tenant_id: str, position: Position) -> RobotChannel:
        return RobotChannel(tenant_id, position, self._fleet, self._clock, self._offline_after_ms)


def superseded(since: int, position: int, now_ms: int) -> Resumed:
    """The answer to `since` where the current state, just sent, says all that was missed."""
    return Resumed(seq=position, timestamp=iso_utc(now_ms), since=since, replayed=0, complete=True, oldest=None)
