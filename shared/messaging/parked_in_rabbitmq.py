"""Parked events in RabbitMQ: the queues `<subscription>.parked` that dead letters of the bus go to.

AMQP has no way to look at a queue. Messages are fetched, held, and given back by closing the channel; so an operator
who looks while another one does may see fewer. Since RabbitMQ 4.0 a queue drops what was given back 20 times, so
whoever finds a message half way there puts a fresh copy in its place.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity, DeliveryError

from shared.kernel.clock import to_ms
from shared.kernel.errors import Unavailable
from shared.messaging.parked import ALL, MOST_AT_ONCE, ParkedEvent, ParkedQueue, Progress, Replayed, Selection

CONNECT_TIMEOUT_SECONDS: Final = 5.0
CONFIRM_TIMEOUT_SECONDS: Final = 10.0
REFRESH_AFTER_RETURNS: Final = 10
WATCH_SECONDS: Final = 3.0
"""An event that fails again is parked again after five deliveries, each of which waits a moment (`rabbitmq`)."""
PARKED_SUFFIX: Final = ".parked"


class ParkedInRabbitMQ:
    """`ParkedEvents` in the queues of `subscriptions`, which the broker cannot list for a client."""

    def __init__(
        self, url: str, prefix: str, subscriptions: Iterable[str], *, watch_seconds: float = WATCH_SECONDS
    ) -> None:
        """`watch_seconds`: how long a replay waits before it looks for events that came back."""
        self._url = url
        self._prefix = prefix
        self._subscriptions = sorted(set(subscriptions))
        self._watch_seconds = watch_seconds

    async def queues(self) -> list[ParkedQueue]:
        found = []
        async with self._connection() as connection:
            for name in self._subscriptions:
                async with _parked(connection, self._queue_name(name)) as (_, queue):
                    count = (queue.declaration_result.message_count or 0) if queue else 0
                    if queue is not None and count:
                        first = await queue.get(fail=False)
                        found.append(ParkedQueue(name, count, _parked_ms(first) if first else None))
        return found

    async def events(self, subscription: str, selection: Selection = ALL, *, limit: int = 100) -> list[ParkedEvent]:
        events: list[ParkedEvent] = []
        held: list[AbstractIncomingMessage] = []
        async with (
            self._connection() as connection,
            _parked(connection, self._queue_name(subscription)) as (channel, queue),
        ):
            async for message in _fetched(queue, MOST_AT_ONCE):
                held.append(message)
                event = _event(subscription, message)
                if selection.takes(event):
                    events.append(event)
                if len(events) >= limit:
                    break
            await _refresh(channel, queue, held)
        return events

    async def replay(
        self,
        subscription: str,
        selection: Selection = ALL,
        *,
        limit: int = MOST_AT_ONCE,
        progress: Progress = lambda _: None,
    ) -> Replayed:
        replayed: set[str] = set()
        held: list[AbstractIncomingMessage] = []
        target = self._queue_name(subscription)
        async with self._connection() as connection:
            async with _parked(connection, target) as (channel, queue):
                async for message in _fetched(queue, MOST_AT_ONCE):
                    event = _event(subscription, message)
                    # One that came back already is held until the end, so that a run takes an event once and ends.
                    if event.id in replayed or len(replayed) >= limit or not selection.takes(event):
                        held.append(message)
                        continue
                    await _publish(channel, target, message)
                    await message.ack()
                    replayed.add(event.id)
                    progress(len(replayed))
                await _refresh(channel, queue, held)
            is_handled = bool(replayed) and await _has_consumers(connection, target)
        if not is_handled:
            return Replayed(0, waiting=len(replayed))
        await asyncio.sleep(self._watch_seconds)
        parked = {event.id for event in await self.events(subscription, limit=MOST_AT_ONCE)}
        return Replayed(len(replayed), tuple(sorted(parked & replayed)))

    async def discard(
        self,
        subscription: str,
        selection: Selection = ALL,
        *,
        limit: int = MOST_AT_ONCE,
        progress: Progress = lambda _: None,
    ) -> int:
        n_discarded = 0
        async with (
            self._connection() as connection,
            _parked(connection, self._queue_name(subscription)) as (_, queue),
        ):
            async for message in _fetched(queue, MOST_AT_ONCE):
                if n_discarded < limit and selection.takes(_event(subscription, message)):
                    await message.ack()
                    n_discarded += 1
                    progress(n_discarded)
        return n_discarded

    def _queue_name(self, subscription: str) -> str:
        return f"{self._prefix}.{subscription}"

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
        """A connection of this call's own; what goes wrong on it is `Unavailable`, told without the URL."""
        try:
            connection = await aio_pika.connect(self._url, timeout=CONNECT_TIMEOUT_SECONDS)
            async with connection:
                yield connection
        except DeliveryError as error:
            raise Unavailable("The broker did not take the event; it stays parked.") from error
        except (AMQPError, OSError, TimeoutError, ValueError) as error:  # ValueError: the address is none
            raise Unavailable(f"The event broker cannot be used: {type(error).__name__}.") from error


@asynccontextmanager
async def _parked(
    connection: aio_pika.abc.AbstractConnection, queue_name: str
) -> AsyncIterator[tuple[AbstractChannel, AbstractQueue | None]]:
    """A channel, and the queue of what `queue_name` parked; None when nothing ever subscribed.

    Closing the channel gives back all that was fetched and not acknowledged.
    """
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    try:
        queue = await channel.get_queue(f"{queue_name}{PARKED_SUFFIX}")
    except ChannelNotFoundEntity:
        yield channel, None
        return
    try:
        yield channel, queue
    finally:
        await channel.close()


async def _fetched(queue: AbstractQueue | None, most: int) -> AsyncIterator[AbstractIncomingMessage]:
    """The queue's messages in order, each held until its channel closes or it is acknowledged."""
    for _ in range(most):
        message = None if queue is None else await queue.get(fail=False)
        if message is None:
            return
        yield message


async def _publish(channel: AbstractChannel, queue_name: str, message: AbstractIncomingMessage, **headers: Any) -> None:
    """The same event into one queue, past the exchange: no other subscriber hears it. Returns once it is confirmed.

    Its history stays behind, so that it has all its deliveries before it.
    """
    copy = aio_pika.Message(
        message.body,
        headers=headers,
        message_id=message.message_id,
        type=message.type,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    exchange = channel.default_exchange
    await exchange.publish(copy, routing_key=queue_name, mandatory=True, timeout=CONFIRM_TIMEOUT_SECONDS)


async def _refresh(
    channel: AbstractChannel, queue: AbstractQueue | None, held: Iterable[AbstractIncomingMessage]
) -> None:
    """Put fresh copies in the places of messages that were given back often. The copies go to the queue's end."""
    for message in held:
        returns = message.headers.get("x-delivery-count", 0)
        if queue is not None and isinstance(returns, int) and returns >= REFRESH_AFTER_RETURNS:
            history = {name: message.headers[name] for name in ("x-death",) if name in message.headers}
            await _publish(channel, queue.name, message, **history)
            await message.ack()


async def _has_consumers(connection: aio_pika.abc.AbstractConnection, queue_name: str) -> bool:
    """Whether somebody handles what is in the queue now."""
    channel = await connection.channel()
    queue = await channel.get_queue(queue_name)
    await channel.close()
    return bool(queue.declaration_result.consumer_count)


def _event(subscription: str, message: AbstractIncomingMessage) -> ParkedEvent:
    death = _death(message)
    times = f", {death['count']} times" if isinstance(death.get("count"), int) and death["count"] > 1 else ""
    return ParkedEvent(
        id=message.message_id or f"body-{hashlib.sha256(message.body).hexdigest()[:16]}",
        subscription=subscription,
        type=message.type or message.routing_key or "",
        reason=f"{death.get('reason', 'unknown')}{times}",
        parked_ms=_parked_ms(message),
        body=message.body,
    )


def _death(message: AbstractIncomingMessage) -> dict[str, Any]:
    """Why and when it was parked last (`x-death`, newest first)."""
    deaths = message.headers.get("x-death")
    first = deaths[0] if isinstance(deaths, Sequence) and deaths and not isinstance(deaths, str | bytes) else None
    return first if isinstance(first, dict) else {}


def _parked_ms(message: AbstractIncomingMessage) -> int | None:
    at = _death(message).get("time")
    if not isinstance(at, datetime):
        return None
    return to_ms(at if at.tzinfo else at.replace(tzinfo=UTC))
