"""The stream of everything that happens in a tenant, as Server-Sent Events."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from services.metrics.domain.activity import ActivityEntry, public_event_type
from services.metrics.domain.event_text import Choice, Hello, block, notice_of
from services.metrics.domain.frames import Encoded, Resumed
from services.metrics.ports import Kinds
from services.metrics.use_cases.live.channel import Audience
from services.metrics.use_cases.live.feeds import Following, LiveFeeds
from services.metrics.use_cases.live.replay import Replay
from services.metrics.use_cases.live.subscriber import Subscriber
from shared.events import EVENT_TYPES
from shared.kernel.clock import Clock, iso_utc

EVERY_TYPE: Final = frozenset(public_event_type(name) for name in EVENT_TYPES)


class EventChannel:
    """One block of text per event."""

    def __init__(self, choice: Choice) -> None:
        self.audience = Audience()
        self._choice = choice

    def heard(self, entries: Sequence[ActivityEntry]) -> None:
        for entry in entries:
            if self._choice.takes(entry.event_type):
                self.audience.tell_encoded(notice_of(entry))

    async def run(self) -> None:
        """Nothing happens by itself."""


class FollowEvents:
    """First where the events stand, then what was missed, then each as it happens."""

    def __init__(self, feeds: LiveFeeds, replay: Replay, clock: Clock) -> None:
        self._feeds = feeds
        self._replay = replay
        self._clock = clock

    async def __call__(
        self, *, tenant_id: str, since: int | None, choice: Choice, subscriber: Subscriber
    ) -> AsyncGenerator[Encoded, None]:
        """The stream's text, one event at a time. Raises `StreamEnded`, `Unavailable`."""
        kinds = choice.known(EVERY_TYPE)
        async with self._feeds.following(tenant_id, choice, lambda *_: EventChannel(choice), subscriber) as following:
            if since is None:
                yield self._hello(following.join())
            else:
                async for text in self._resumed(tenant_id, since, kinds, following):
                    yield text
            async for text in following.frames():
                yield text

    def _hello(self, seq: int) -> Encoded:
        return block("hello", seq, Hello(seq=seq, timestamp=iso_utc(self._clock.now_ms())))

    async def _resumed(
        self, tenant_id: str, since: int, kinds: Kinds | None, following: Following
    ) -> AsyncGenerator[Encoded, None]:
        resumption = await self._replay.resumption(tenant_id, since, following)
        yield self._hello(resumption.after)
        answer = Resumed(
            seq=resumption.after,
            timestamp=iso_utc(self._clock.now_ms()),
            since=since,
            replayed=await self._replay.count(tenant_id, resumption, kinds),
            complete=resumption.complete,
            oldest=resumption.oldest,
        )
        yield block("resumed", resumption.after, answer)
        async for entries in self._replay.missed(tenant_id, resumption.after, following, kinds):
            for entry in entries:
                yield notice_of(entry)
