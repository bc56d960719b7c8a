"""Parked events on each adapter: seen, replayed to their one subscription, discarded; never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import pytest

from shared.events.envelope import EventData, encode, wrap
from shared.kernel.clock import SystemClock
from shared.kernel.errors import Unavailable
from shared.kernel.tasks import finish_tasks
from shared.messaging import Bus, Message, Subscription
from shared.messaging.in_process import InProcessBus
from shared.messaging.parked import ParkedEvents, Selection
from shared.messaging.parked_in_rabbitmq import ParkedInRabbitMQ
from shared.messaging.parking import ParkingLot
from shared.messaging.rabbitmq import RabbitMQBus
from shared.messaging.replays import Replays
from shared.storage import connect
from tests.support.backends.private_broker import PrivateBroker
from tests.support.eventually import eventually

FACTS = Subscription("facts", ("job.*",))
OTHERS = Subscription("others", ("#",))


class Noted(EventData, frozen=True):
    TYPE = "job.noted"
    SOURCE = "tests"

    text: str


@dataclass
class Handler:
    """Fails while it is broken; remembers what it handled."""

    is_broken: bool = True
    handled: list[bytes] = field(default_factory=list)
    n_calls: int = 0

    async def __call__(self, body: bytes) -> None:
        self.n_calls += 1
        if self.is_broken:
            raise ValueError("cannot take it")
        self.handled.append(body)


@dataclass
class Place:
    """A bus with two subscriptions, of which `facts` is broken, and a view of what is parked."""

    bus: Bus
    parked: ParkedEvents
    facts: Handler
    others: Handler
    lot: ParkingLot | None = None

    async def parks(self, *messages: Message) -> None:
        """Publishes and waits until all are parked."""
        await self.bus.publish(messages)
        wanted = {message.id for message in messages}

        async def all_parked() -> bool:
            return wanted <= {event.id for event in await self.parked.events("facts")}

        await eventually(all_parked, timeout_seconds=30)


def message(number: int, key: str = "job.noted") -> Message:
    event = wrap(
        Noted(text=f"number {number}"),
        event_id=f"event-{number}",
        subject="job-1",
        tenant_id="acme",
        version=number,
        at_ms=1_700_000_000_000,
    )
    return Message(f"event-{number}", key, encode(event))


@pytest.fixture(params=["in_process", "rabbitmq"])
async def place(request: pytest.FixtureRequest, database_name: str) -> AsyncIterator[Place]:
    facts, others = Handler(), Handler(is_broken=False)
    if request.param == "rabbitmq":
        url = request.getfixturevalue("amqp_url")
        prefix = f"{request.getfixturevalue('amqp_prefix')}{database_name}"
        rabbit = RabbitMQBus(url, prefix)
        await rabbit.start()
        assert await rabbit.wait_connected(10)
        await rabbit.subscribe(FACTS, facts)
        await rabbit.subscribe(OTHERS, others)
        yield Place(rabbit, ParkedInRabbitMQ(url, prefix, ["facts", "others", "gone"]), facts, others)
        await rabbit.close()
        await _delete_queues(url, prefix)
        return
    store_url = request.getfixturevalue("store_url")
    async with connect(store_url, database_name) as store:
        lot = ParkingLot(store, SystemClock(), patience_seconds=3)
        local = InProcessBus(lot.park)
        await local.start()
        await local.subscribe(FACTS, facts)
        await local.subscribe(OTHERS, others)
        stop = asyncio.Event()
        replays = asyncio.create_task(Replays(store, local, lot).follow(stop))
        yield Place(local, lot, facts, others, lot)
        await finish_tasks([replays], stop)
        await local.close()


async def _delete_queues(url: str, prefix: str) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        for name in ("facts", "others"):
            for queue in (f"{prefix}.{name}", f"{prefix}.{name}.parked"):
                await channel.queue_delete(queue)
        await channel.exchange_delete(f"{prefix}.events")


async def test_what_no_handler_could_take_is_listed_with_its_subscription_and_reason(place: Place) -> None:
    await place.parks(message(1), message(2))

    (queue,) = await place.parked.queues()
    events = await place.parked.events("facts")

    assert (queue.subscription, queue.count) == ("facts", 2)
    assert queue.oldest_ms is not None
    assert sorted(event.id for event in events) == ["event-1", "event-2"]
    assert {event.type for event in events} == {"job.noted"}
    assert all(event.reason and event.parked_ms for event in events)
    assert {event.event.tenantid for event in events if event.event} == {"acme"}


async def test_looking_changes_nothing_however_often_one_looks(place: Place) -> None:
    await place.parks(message(1))
    for _ in range(25):
        assert [event.id for event in await place.parked.events("facts")] == ["event-1"]
    (event,) = await place.parked.events("facts")
    assert event.body == message(1).body
    assert event.parked_ms is not None


async def test_no_more_than_asked_for_is_shown(place: Place) -> None:
    await place.parks(*(message(number) for number in range(4)))
    assert len(await place.parked.events("facts", limit=2)) == 2


async def test_a_replayed_event_reaches_its_subscription_alone_and_is_parked_no_more(place: Place) -> None:
    await place.parks(message(1), message(2))
    await eventually(lambda: len(place.others.handled) == 2)
    place.facts.is_broken = False
    seen: list[int] = []

    outcome = await place.parked.replay("facts", progress=seen.append)

    assert (outcome.count, outcome.came_back, outcome.waiting) == (2, (), 0)
    await eventually(lambda: sorted(place.facts.handled) == [message(1).body, message(2).body])
    await eventually(lambda: _nothing_parked(place))
    assert len(place.others.handled) == 2
    assert seen[-1] == 2


async def test_one_event_or_one_type_can_be_replayed(place: Place) -> None:
    await place.parks(message(1), message(2), message(3, "job.other"))
    place.facts.is_broken = False

    await place.parked.replay("facts", Selection(event_id="event-2"))
    await eventually(lambda: place.facts.handled == [message(2).body])
    await place.parked.replay("facts", Selection(event_type="job.other"))
    await eventually(lambda: place.facts.handled == [message(2).body, message(3).body])

    assert [event.id for event in await place.parked.events("facts")] == ["event-1"]


async def test_an_event_that_fails_again_is_parked_again_and_the_replay_ends(place: Place) -> None:
    await place.parks(message(1))
    before = place.facts.n_calls

    outcome = await place.parked.replay("facts")

    assert (outcome.count, outcome.came_back) == (1, ("event-1",))
    await eventually(lambda: _parked_ids(place, ["event-1"]), timeout_seconds=30)
    assert before < place.facts.n_calls <= before + 6


async def test_what_is_discarded_is_never_handled(place: Place) -> None:
    await place.parks(message(1), message(2))

    assert await place.parked.discard("facts", Selection(event_id="event-1")) == 1
    assert [event.id for event in await place.parked.events("facts")] == ["event-2"]
    assert await place.parked.discard("facts") == 1

    assert await place.parked.queues() == []
    assert place.facts.handled == []


async def test_a_subscription_that_nobody_knows_has_nothing_parked(place: Place) -> None:
    assert await place.parked.events("gone") == []
    assert (await place.parked.replay("gone")).count == 0
    assert await place.parked.discard("gone") == 0


async def test_a_replay_without_a_running_installation_waits_for_its_next_start(
    store_url: str, database_name: str
) -> None:
    async with connect(store_url, database_name) as store:
        lot = ParkingLot(store, SystemClock(), patience_seconds=0)
        await lot.park("facts", message(1), "failed")
        assert (await lot.replay("facts")).waiting == 1
        facts, bus = Handler(is_broken=False), InProcessBus(lot.park)
        await bus.start()
        await bus.subscribe(FACTS, facts)

        await Replays(store, bus, lot).hand_over()

        assert facts.handled == [message(1).body]
        assert await lot.queues() == []


async def test_an_event_of_a_subscription_that_is_gone_stays_with_that_reason(
    store_url: str, database_name: str
) -> None:
    async with connect(store_url, database_name) as store:
        lot = ParkingLot(store, SystemClock(), patience_seconds=0)
        await lot.park("removed", message(1), "failed")
        await lot.replay("removed")
        await Replays(store, InProcessBus(lot.park), lot).hand_over()
        (event,) = await lot.events("removed")
        assert event.reason == "There is no such subscription any more."


async def test_an_event_whose_queue_is_gone_stays_parked(amqp_url: str, amqp_prefix: str, database_name: str) -> None:
    prefix = f"{amqp_prefix}{database_name}"
    parked = ParkedInRabbitMQ(amqp_url, prefix, ["facts"])
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        name = f"{prefix}.facts.parked"
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"{}", message_id="event-1"), name)

        with pytest.raises(Unavailable, match="stays parked"):
            await parked.replay("facts")

        (event,) = await parked.events("facts")
        assert event.event is None
        await channel.queue_delete(name)


async def test_a_replay_cut_short_leaves_the_rest_parked(amqp_url: str, amqp_prefix: str, database_name: str) -> None:
    prefix = f"{amqp_prefix}{database_name}"
    parked = ParkedInRabbitMQ(amqp_url, prefix, ["facts"])
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queues = [f"{prefix}.facts", f"{prefix}.facts.parked"]
        for name in queues:
            await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        for number in range(3):
            made = aio_pika.Message(b"{}", message_id=f"event-{number}")
            await channel.default_exchange.publish(made, queues[1])

        def interrupt(_: int) -> None:
            raise Interrupted

        with pytest.raises(Interrupted):
            await parked.replay("facts", progress=interrupt)

        assert [event.id for event in await parked.events("facts")] == ["event-1", "event-2"]
        for name in queues:
            await channel.queue_delete(name)


async def test_what_nobody_consumes_waits_in_its_queue(amqp_url: str, amqp_prefix: str, database_name: str) -> None:
    prefix = f"{amqp_prefix}{database_name}"
    parked = ParkedInRabbitMQ(amqp_url, prefix, ["facts"])
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queues = [f"{prefix}.facts", f"{prefix}.facts.parked"]
        for name in queues:
            await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"{}", message_id="event-1"), queues[1])

        outcome = await parked.replay("facts")

        assert (outcome.count, outcome.waiting) == (0, 1)
        for name in queues:
            await channel.queue_delete(name)


class Interrupted(Exception):
    """Stands for the end of the operator's process."""


async def test_a_missing_dead_letter_queue_loses_nothing(private_broker: PrivateBroker, database_name: str) -> None:
    facts, name = Handler(), f"{database_name}.facts.parked"
    bus = RabbitMQBus(private_broker.url, database_name)
    await bus.subscribe(FACTS, facts)
    await bus.start()
    assert await bus.wait_connected(10)
    async with await aio_pika.connect(private_broker.url) as connection:
        await (await connection.channel()).queue_delete(name)

    await bus.publish([message(1)])
    await eventually(lambda: facts.n_calls >= 6, timeout_seconds=20)

    async def is_kept() -> bool:
        counts = await asyncio.to_thread(private_broker.admin.run, "list_queues", "name", "messages")
        return f"{database_name}.facts\t1" in counts

    await eventually(is_kept, timeout_seconds=15, because="the broker counts every five seconds")
    # The bus declares what is missing whenever it connects; the broker then tries again, at a restart at once.
    await bus.close()
    async with await aio_pika.connect(private_broker.url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    await asyncio.to_thread(private_broker.restart)

    parked = ParkedInRabbitMQ(private_broker.url, database_name, ["facts"])

    async def arrived() -> bool:
        return [event.id for event in await parked.events("facts")] == ["event-1"]

    await eventually(arrived, timeout_seconds=20)


async def test_a_broker_that_does_not_answer_is_unavailable(database_name: str) -> None:
    parked = ParkedInRabbitMQ("amqp://guest:hidden-word@127.0.0.1:1/", database_name, ["facts"])
    with pytest.raises(Unavailable) as refusal:
        await parked.queues()
    assert "hidden-word" not in str(refusal.value.detail)


async def _nothing_parked(place: Place) -> bool:
    return await place.parked.queues() == []


async def _parked_ids(place: Place, ids: list[str]) -> Any:
    return [event.id for event in await place.parked.events("facts")] == ids
