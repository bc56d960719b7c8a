"""The bus on each adapter."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.kernel.errors import Unavailable
from shared.messaging import Bus, Delivery, Message, Subscription
from shared.messaging.bus import MAX_DELIVERIES
from shared.messaging.in_process import InProcessBus
from shared.messaging.rabbitmq import RabbitMQBus
from tests.support.eventually import eventually


@pytest.fixture
def parked() -> list[tuple[str, str]]:
    return []


@pytest.fixture(params=["in_process", "rabbitmq"])
async def bus(request: pytest.FixtureRequest, parked: list[tuple[str, str]], database_name: str) -> AsyncIterator[Bus]:
    if request.param == "rabbitmq":
        url = request.getfixturevalue("amqp_url")
        prefix = f"{request.getfixturevalue('amqp_prefix')}{database_name}"
        rabbit = RabbitMQBus(url, prefix)
        await rabbit.start()
        assert await rabbit.wait_connected(10)
        yield rabbit
        await rabbit.close()
        await _delete_queues(url, prefix)
        return

    async def park(subscription: str, message: Message, reason: str) -> None:
        parked.append((subscription, message.id))

    local = InProcessBus(park)
    await local.start()
    yield local
    await local.close()


async def _delete_queues(url: str, prefix: str) -> None:
    import aio_pika

    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        for name in ("facts", "others", "poison", "slow"):
            for queue in (f"{prefix}.{name}", f"{prefix}.{name}.parked"):
                await channel.queue_delete(queue)
        for exchange in ("events", "announcements"):
            await channel.exchange_delete(f"{prefix}.{exchange}")


class Inbox:
    """Records bodies; fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.bodies: list[bytes] = []
        self.attempts = 0
        self._failures = failures

    async def __call__(self, body: bytes) -> None:
        self.attempts += 1
        if self.attempts <= self._failures:
            raise ValueError("not yet")
        self.bodies.append(body)


def message(number: int, key: str = "job.submitted") -> Message:
    return Message(f"event-{number}", key, f"body-{number}".encode())


async def test_a_shared_subscription_gets_every_message_of_its_topics(bus: Bus) -> None:
    facts, others = Inbox(), Inbox()
    await bus.subscribe(Subscription("facts", ("job.*",)), facts)
    await bus.subscribe(Subscription("others", ("#",)), others)
    published = await bus.publish([message(1), message(2, "robot.registered"), message(3, "job.completed")])
    assert published == [True, True, True]
    await eventually(lambda: len(others.bodies) == 3)
    await eventually(lambda: sorted(facts.bodies) == [b"body-1", b"body-3"])


async def test_a_message_nobody_keeps_is_not_taken(bus: Bus) -> None:
    hint = Inbox()
    await bus.subscribe(Subscription("facts", ("robot.*",)), Inbox())
    assert await bus.publish([message(1, "job.unheard")]) == [False]
    assert hint.bodies == []


async def test_a_broadcast_reaches_every_listener(bus: Bus) -> None:
    one, two = Inbox(), Inbox()
    await bus.subscribe(Subscription("others", ("#",)), Inbox())
    await bus.subscribe(Subscription("candidates", ("job.*",), Delivery.BROADCAST), one)
    await bus.subscribe(Subscription("candidates", ("job.*",), Delivery.BROADCAST), two)
    await bus.publish([message(n) for n in range(20)])
    await eventually(lambda: len(one.bodies) == 20 and len(two.bodies) == 20)


async def test_an_announcement_reaches_every_listener_and_nobody_else(bus: Bus) -> None:
    one, two, events = Inbox(), Inbox(), Inbox()
    await bus.subscribe(Subscription("others", ("#",)), events)
    await bus.subscribe(Subscription("candidates", ("#",), Delivery.BROADCAST), events)
    for listener in (one, two):
        await bus.subscribe(Subscription("hints", ("live.*",), Delivery.ANNOUNCED), listener)
    for n in range(20):
        await bus.announce(message(n, "live.stored"))
    await bus.announce(message(20, "other.stored"))
    await bus.publish([message(21, "live.published")])
    await eventually(lambda: len(one.bodies) == 20 and len(two.bodies) == 20)
    await eventually(lambda: events.bodies == [b"body-21", b"body-21"])
    assert one.bodies == [f"body-{n}".encode() for n in range(20)]


async def test_a_listener_that_fails_holds_up_nobody(bus: Bus) -> None:
    broken, good = Inbox(failures=2), Inbox()
    await bus.subscribe(Subscription("hints", ("live.*",), Delivery.ANNOUNCED), broken)
    await bus.subscribe(Subscription("hints", ("live.*",), Delivery.ANNOUNCED), good)
    await bus.announce(message(1, "live.stored"))
    await bus.announce(message(2, "live.stored"))
    await eventually(lambda: good.bodies == [b"body-1", b"body-2"])
    assert broken.bodies == []


async def test_a_handler_that_fails_gets_the_message_again(bus: Bus) -> None:
    inbox = Inbox(failures=2)
    await bus.subscribe(Subscription("facts", ("#",)), inbox)
    await bus.publish([message(1)])
    await eventually(lambda: inbox.bodies == [b"body-1"])
    assert inbox.attempts == 3


async def test_poison_is_parked_and_the_queue_flows_on(
    bus: Bus, parked: list[tuple[str, str]], request: pytest.FixtureRequest, database_name: str
) -> None:
    good = Inbox()

    async def handle(body: bytes) -> None:
        if body == b"body-1":
            raise ValueError("poison")
        await good(body)

    await bus.subscribe(Subscription("poison", ("#",)), handle)
    await bus.publish([message(1), message(2)])
    await eventually(lambda: good.bodies == [b"body-2"])
    if isinstance(bus, InProcessBus):
        assert parked == [("poison", "event-1")]
        return
    prefix = f"{request.getfixturevalue('amqp_prefix')}{database_name}"
    await eventually(
        lambda: _n_messages(request.getfixturevalue("amqp_url"), f"{prefix}.poison.parked"),
        timeout_seconds=15,
        because=f"after {MAX_DELIVERIES} deliveries the message is parked",
    )


async def _n_messages(url: str, queue: str) -> int:
    import aio_pika

    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count or 0


async def test_a_slow_handler_does_not_hold_up_other_subscriptions(bus: Bus) -> None:
    release, others = asyncio.Event(), Inbox()

    async def slow(body: bytes) -> None:
        await release.wait()

    await bus.subscribe(Subscription("slow", ("#",), prefetch=2), slow)
    await bus.subscribe(Subscription("others", ("#",)), others)
    publishing = asyncio.create_task(bus.publish([message(n) for n in range(30)]))
    await eventually(lambda: len(others.bodies) == 30)
    release.set()
    assert all(await publishing)


async def test_a_closed_bus_takes_nothing_and_says_that_it_is_not_ready(bus: Bus) -> None:
    await bus.subscribe(Subscription("facts", ("#",)), Inbox())
    await bus.check()
    await bus.close()
    assert await bus.publish([message(1)]) == [False]
    with pytest.raises(Unavailable):
        await bus.check()


async def test_the_broker_may_go_away_and_come_back(private_broker: Any, database_name: str) -> None:
    bus, inbox = RabbitMQBus(private_broker.url, database_name), Inbox()
    await bus.subscribe(Subscription("facts", ("#",)), inbox)
    await bus.start()
    assert await bus.wait_connected(10)
    assert await bus.publish([message(1)]) == [True]
    private_broker.stop()
    await eventually(lambda: _is_away(bus), timeout_seconds=20)
    assert await bus.publish([message(2)]) == [False]
    private_broker.start()
    assert await bus.wait_connected(30)
    assert await bus.publish([message(2)]) == [True]
    await eventually(lambda: b"body-1" in inbox.bodies and b"body-2" in inbox.bodies)
    await bus.close()


async def test_an_alarm_of_the_broker_is_noticed_and_ends(private_broker: Any, database_name: str) -> None:
    bus, inbox = RabbitMQBus(private_broker.url, database_name), Inbox()
    await bus.subscribe(Subscription("facts", ("#",)), inbox)
    await bus.start()
    assert await bus.wait_connected(10)
    await asyncio.to_thread(private_broker.admin.run, "set_vm_memory_high_watermark", "0.000001")
    publishing = asyncio.create_task(bus.publish([message(1)]))
    await eventually(lambda: _is_away(bus), timeout_seconds=10)
    await asyncio.to_thread(private_broker.admin.run, "set_vm_memory_high_watermark", "0.9")
    await bus.check()
    await publishing
    await eventually(lambda: inbox.bodies == [b"body-1"])
    await bus.close()


async def _is_away(bus: Bus) -> bool:
    try:
        await bus.check()
    except Unavailable:
        return True
    return False
