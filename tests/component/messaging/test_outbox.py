"""The outbox: what was stored is published, whatever dies in between, and only what was stored."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from shared.events import CloudEvent, decode, wrap
from shared.events.workflows import WorkflowCreated
from shared.messaging import Message, OutboxRelay, outbox_fields
from shared.messaging.outbox import SWEEP_OLDER_THAN_MS, outbox_of_new
from shared.storage import Collection, Store, connect
from tests.support.clock import ManualClock
from tests.support.eventually import eventually

THINGS = "things"


@dataclass
class Exchange:
    """A bus that can refuse, or take a message and lose the confirmation."""

    is_up: bool = True
    loses_confirmations: bool = False
    taken: list[str] = field(default_factory=list)

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        if not self.is_up:
            return [False] * len(messages)
        self.taken += [decode(message.body).id for message in messages]
        return [not self.loses_confirmations] * len(messages)

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def check(self) -> None: ...
    async def announce(self, message: Message) -> None: ...
    async def subscribe(self, *_: object) -> None: ...


@pytest.fixture
async def store(store_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(store_url, database_name) as store:
        yield store


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def an_event(event_id: str, clock: ManualClock, version: int = 1) -> CloudEvent:
    data = WorkflowCreated(workflow_id="w", workflow_name="n", version=version, trigger_type="manual")
    return wrap(data, event_id=event_id, subject="w", tenant_id="t", version=version, at_ms=clock.now_ms())


def relay_on(store: Store, exchange: Exchange, clock: ManualClock) -> OutboxRelay:
    return OutboxRelay(store, exchange, clock, [THINGS], CollectorRegistry())


async def unsent(store: Store) -> tuple[int, int]:
    document = await Collection(store, THINGS).get("w")
    assert document is not None
    return document["unsent"], len(document["outbox"])


async def test_events_are_published_and_cleared_together(store: Store, clock: ManualClock) -> None:
    things, exchange = Collection(store, THINGS), Exchange()
    relay = relay_on(store, exchange, clock)
    await relay.start()
    first = an_event("e1", clock)
    await things.insert({"_id": "w", "version": 1, **outbox_of_new(first)})
    relay.send(THINGS, "w", first)
    second = an_event("e2", clock, 2)
    fields = outbox_fields(second)
    change = {"$set": {"version": 2, **fields.to_set}, "$inc": fields.to_increment}
    assert await things.update({"_id": "w", "version": 1}, change, fields.receipt)
    relay.send(THINGS, "w", second)

    async def cleared() -> bool:
        return await unsent(store) == (0, 0)

    await eventually(cleared)
    await relay.close()
    assert sorted(exchange.taken) == ["e1", "e2"]


async def test_what_a_killed_process_left_is_published_by_the_sweep_of_another(
    store: Store, clock: ManualClock
) -> None:
    exchange = Exchange()
    await Collection(store, THINGS).insert({"_id": "w", **outbox_of_new(an_event("e1", clock))})
    relay = relay_on(store, exchange, clock)
    assert await relay.sweep() == 0
    clock.advance(ms=SWEEP_OLDER_THAN_MS + 1)
    assert await relay.sweep() == 1
    await relay.close()
    assert exchange.taken == ["e1"]
    assert await unsent(store) == (0, 0)


async def test_while_the_broker_is_away_events_stay_and_leave_when_it_is_back(store: Store, clock: ManualClock) -> None:
    exchange = Exchange(is_up=False)
    relay = relay_on(store, exchange, clock)
    event = an_event("e1", clock)
    await Collection(store, THINGS).insert({"_id": "w", **outbox_of_new(event)})
    relay.send(THINGS, "w", event)
    await relay.close()
    assert await unsent(store) == (1, 1)
    exchange.is_up = True
    clock.advance(ms=SWEEP_OLDER_THAN_MS + 1)
    successor = relay_on(store, exchange, clock)
    assert await successor.sweep() == 1
    await successor.close()
    assert await unsent(store) == (0, 0)


async def test_a_lost_confirmation_publishes_the_same_event_again(store: Store, clock: ManualClock) -> None:
    exchange = Exchange(loses_confirmations=True)
    await Collection(store, THINGS).insert({"_id": "w", **outbox_of_new(an_event("e1", clock))})
    clock.advance(ms=SWEEP_OLDER_THAN_MS + 1)
    relay = relay_on(store, exchange, clock)
    assert await relay.sweep() == 0
    exchange.loses_confirmations = False
    assert await relay.sweep() == 1
    await relay.close()
    assert exchange.taken == ["e1", "e1"]


async def test_two_relays_clearing_the_same_event_count_it_once(store: Store, clock: ManualClock) -> None:
    exchange = Exchange()
    await Collection(store, THINGS).insert({"_id": "w", **outbox_of_new(an_event("e1", clock))})
    clock.advance(ms=SWEEP_OLDER_THAN_MS + 1)
    one, two = relay_on(store, exchange, clock), relay_on(store, exchange, clock)
    await one.sweep()
    await two.sweep()
    await one.close()
    await two.close()
    assert await unsent(store) == (0, 0)


async def test_a_malformed_entry_does_not_stop_the_sweep(store: Store, clock: ManualClock) -> None:
    things, exchange = Collection(store, THINGS), Exchange()
    await things.insert({"_id": "bad", "outbox": {"x": "no event"}, "unsent": 1})
    await things.insert({"_id": "w", **outbox_of_new(an_event("e1", clock))})
    clock.advance(ms=SWEEP_OLDER_THAN_MS + 1)
    relay = relay_on(store, exchange, clock)
    assert await relay.sweep() == 1
    await relay.close()


async def test_an_event_is_cleared_although_another_of_its_document_was_cleared_elsewhere(
    store: Store, clock: ManualClock
) -> None:
    things, exchange = Collection(store, THINGS), Exchange()
    await things.insert({"_id": "w", "version": 1, **outbox_of_new(an_event("e1", clock))})
    clock.advance(ms=SWEEP_OLDER_THAN_MS + 1)
    one, two = relay_on(store, exchange, clock), relay_on(store, exchange, clock)
    await one.sweep()
    await two.sweep()
    await one.close()
    second = an_event("e2", clock, 2)
    fields = outbox_fields(second)
    change = {"$set": {"version": 2, **fields.to_set}, "$inc": fields.to_increment}
    assert await things.update({"_id": "w", "version": 1}, change, fields.receipt)
    two.send(THINGS, "w", second)
    await two.close()
    assert await unsent(store) == (0, 0)
