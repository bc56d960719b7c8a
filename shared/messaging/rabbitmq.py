"""The bus of the distributed shape: RabbitMQ, one topic exchange, quorum queues, publisher confirms.

The connection is ours to keep: a loop connects, declares, consumes, and starts over with jittered backoff when the
broker goes away. Meanwhile `publish` answers False at once and events stay in their outboxes.
"""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
)
from aio_pika.exceptions import AMQPError, DeliveryError

from shared.kernel.errors import Unavailable
from shared.kernel.tasks import end_tasks
from shared.messaging.bus import MAX_DELIVERIES, Delivery, Handler, Message, Subscription

CONFIRM_TIMEOUT_SECONDS: Final = 10.0
CONNECT_TIMEOUT_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 10
FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
CLOSE_TIMEOUT_SECONDS: Final = 5.0
MOST_ANNOUNCEMENTS: Final = 1_000
"""What the broker holds of announcements for a replica that does not take them; the oldest are dropped."""
CHECK_TIMEOUT_SECONDS: Final = 1.0
REDELIVERY_PAUSE_SECONDS: Final = 0.2
"""Between a handler's failure and the message's return to the queue: a failing handler must not spin."""

_CONNECTION_ERRORS: Final = (AMQPError, OSError, asyncio.TimeoutError, RuntimeError)

_log: Final = structlog.get_logger(__name__)


async def until_unblocked(connection: AbstractConnection) -> None:
    """Return when the broker takes messages on `connection`: at once, unless a resource alarm is on.

    The broker says so to those who publish. aio-pika's own `ready` does not look at it; the driver beneath does.
    """
    transport = connection.transport
    if transport is None:
        raise Unavailable("The event broker is not reachable.")
    await transport.connection.ready()


@dataclass(frozen=True, slots=True)
class _Session:
    """What one connection to the broker gives."""

    connection: AbstractConnection
    publishing: AbstractChannel
    exchange: AbstractExchange
    announcing: AbstractChannel
    announcements: AbstractExchange
    """On a channel of its own, without confirms."""


class RabbitMQBus:
    """`Bus` on RabbitMQ ≥ 3.10."""

    def __init__(self, url: str, prefix: str, *, jitter: random.Random | None = None) -> None:
        self._url = url
        self._prefix = prefix
        self._jitter = jitter or random.Random()  # noqa: S311 - spreads reconnects, guards nothing
        self._subscriptions: list[tuple[Subscription, Handler]] = []
        self._session: _Session | None = None
        self._connected = asyncio.Event()
        self._closed = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._handling: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep_connected(), name="rabbitmq-keeper")

    async def wait_connected(self, timeout_seconds: float) -> bool:
        """Whether the broker was reached within `timeout_seconds`."""
        try:
            await asyncio.wait_for(self._connected.wait(), timeout_seconds)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        self._closed.set()
        if self._handling:
            await asyncio.wait(self._handling, timeout=CLOSE_TIMEOUT_SECONDS)
        if self._keeper is not None:
            await end_tasks([self._keeper])
        await self._end_session()

    async def check(self) -> None:
        session = self._session
        if session is None:
            raise Unavailable("The event broker is not reachable.")
        try:
            await asyncio.wait_for(until_unblocked(session.connection), CHECK_TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise Unavailable("The event broker accepts no messages (resource alarm).") from error

    async def subscribe(self, subscription: Subscription, handler: Handler) -> None:
        self._subscriptions.append((subscription, handler))
        if self._session is not None:
            try:
                await self._consume(self._session, subscription, handler)
            except _CONNECTION_ERRORS as error:
                # The connection is going down: the next one consumes every subscription there is.
                _log.warning("subscription_waits_for_broker", subscription=subscription.name, reason=str(error))

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        session = self._session
        if session is None:
            return [False] * len(messages)
        return list(await asyncio.gather(*(self._publish_one(session, message) for message in messages)))

    async def announce(self, message: Message) -> None:
        session = self._session
        if session is None:
            return
        amqp_message = aio_pika.Message(message.body, message_id=message.id, type=message.key)
        try:
            await session.announcements.publish(
                amqp_message, routing_key=message.key, mandatory=False, timeout=CONFIRM_TIMEOUT_SECONDS
            )
        except _CONNECTION_ERRORS as error:
            _log.info("announcement_not_sent", event_type=message.key, reason=type(error).__name__)

    async def _publish_one(self, session: _Session, message: Message) -> bool:
        amqp_message = aio_pika.Message(
            message.body,
            message_id=message.id,
            type=message.key,
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        )
        try:
            await session.exchange.publish(
                amqp_message, routing_key=message.key, mandatory=True, timeout=CONFIRM_TIMEOUT_SECONDS
            )
        except DeliveryError as error:
            _log.warning("event_unroutable", event_type=message.key, event_id=message.id, reason=str(error))
            return False
        except _CONNECTION_ERRORS as error:
            _log.warning("event_not_confirmed", event_id=message.id, reason=type(error).__name__)
            return False
        return True

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._closed.is_set():
            try:
                lost = await self._open_session()
                pause = FIRST_PAUSE_SECONDS
                await lost.wait()
                _log.warning("broker_connection_lost")
            except _CONNECTION_ERRORS as error:
                _log.warning("broker_unreachable", reason=f"{type(error).__name__}: {error}", retry_in_seconds=pause)
            await self._end_session()
            await asyncio.sleep(pause * self._jitter.uniform(0.5, 1.0))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _open_session(self) -> asyncio.Event:
        """Connect, declare and consume; returns the event that is set when the connection is lost."""
        lost = asyncio.Event()
        connection = await aio_pika.connect(self._url, timeout=CONNECT_TIMEOUT_SECONDS, heartbeat=HEARTBEAT_SECONDS)
        connection.close_callbacks.add(lambda *_: lost.set())
        try:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            channel.close_callbacks.add(lambda *_: lost.set())
            exchange = await channel.declare_exchange(
                f"{self._prefix}.events", aio_pika.ExchangeType.TOPIC, durable=True
            )
            announcing = await connection.channel(publisher_confirms=False)
            announcing.close_callbacks.add(lambda *_: lost.set())
            announcements = await announcing.declare_exchange(
                f"{self._prefix}.announcements", aio_pika.ExchangeType.TOPIC, durable=True
            )
            session = _Session(connection, channel, exchange, announcing, announcements)
            for subscription, handler in self._subscriptions:
                await self._consume(session, subscription, handler, lost)
        except BaseException:
            await connection.close()
            raise
        self._session = session
        self._connected.set()
        return lost

    async def _end_session(self) -> None:
        session, self._session = self._session, None
        self._connected.clear()
        if session is not None:
            try:
                await asyncio.wait_for(session.connection.close(), CLOSE_TIMEOUT_SECONDS)
            except _CONNECTION_ERRORS as error:
                _log.info("broker_connection_not_closed_cleanly", reason=type(error).__name__)

    async def _consume(
        self,
        session: _Session,
        subscription: Subscription,
        handler: Handler,
        lost: asyncio.Event | None = None,
    ) -> None:
        channel = await session.connection.channel()
        if lost is not None:
            channel.close_callbacks.add(lambda *_: lost.set())
        await channel.set_qos(prefetch_count=subscription.prefetch)
        queue = await self._declare(channel, subscription)
        exchange = "announcements" if subscription.delivery is Delivery.ANNOUNCED else "events"
        for topic in subscription.topics:
            await queue.bind(f"{self._prefix}.{exchange}", topic)

        async def on_message(message: AbstractIncomingMessage) -> None:
            await self._track(self._handle(subscription, handler, message))

        await queue.consume(on_message)

    async def _declare(self, channel: AbstractChannel, subscription: Subscription) -> AbstractQueue:
        if subscription.delivery is Delivery.BROADCAST:
            return await channel.declare_queue(exclusive=True, auto_delete=True)
        if subscription.delivery is Delivery.ANNOUNCED:
            return await channel.declare_queue(
                exclusive=True, auto_delete=True, arguments={"x-max-length": MOST_ANNOUNCEMENTS}
            )
        name = f"{self._prefix}.{subscription.name}"
        parked = await channel.declare_queue(f"{name}.parked", durable=True, arguments={"x-queue-type": "quorum"})
        return await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": MAX_DELIVERIES,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": parked.name,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )

    async def _track(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a task that `close` waits for."""
        task = asyncio.create_task(work)
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)
        await task

    async def _handle(self, subscription: Subscription, handler: Handler, message: AbstractIncomingMessage) -> None:
        try:
            await handler(message.body)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the queue flows on
            _log.error(
                "event_handler_failed",
                subscription=subscription.name,
                event_id=message.message_id,
                reason=f"{type(error).__name__}: {error}",
            )
            await asyncio.sleep(REDELIVERY_PAUSE_SECONDS)
            await self._settle(message, requeue=subscription.delivery is Delivery.SHARED)
        else:
            await self._settle(message, requeue=None)

    async def _settle(self, message: AbstractIncomingMessage, *, requeue: bool | None) -> None:
        """Acknowledge (`requeue` None), return to the queue, or drop. A lost channel redelivers by itself."""
        try:
            if requeue is None:
                await message.ack()
            else:
                await message.nack(requeue=requeue)
        except _CONNECTION_ERRORS as error:
            _log.info("event_not_settled", event_id=message.message_id, reason=type(error).__name__)
