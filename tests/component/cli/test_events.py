"""`casare events` on real installations: one that runs, one that is stopped, and one behind a broker."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest

from cli.operating import shared_subscriptions
from tests.component.cli.conftest import Casare
from tests.component.cli.installations import Installation
from tests.support.backends.probes import mongo_client
from tests.support.eventually import wait_until
from tests.support.run import ROOT

SUBSCRIPTION = "metrics.activity"


def event_body(event_id: str, job_id: str = "job-1") -> bytes:
    """A job's submission as a service would publish it."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/casare/workflows",
            "type": "job.submitted",
            "subject": job_id,
            "time": "2026-11-20T10:00:00.000Z",
            "timems": time.time_ns() // 1_000_000,
            "tenantid": "default",
            "aggregateversion": 1,
            "datacontenttype": "application/json",
            "data": json.loads((ROOT / "tests/contracts/events/job.submitted.json").read_text())["data"],
        }
    ).encode()


@pytest.fixture
def parked(installation: Installation) -> Iterator[Installation]:
    """An installation with two parked events: one that can be handled now, one that is no event."""
    _park(installation, "event-good", event_body("event-good"))
    _park(installation, "event-bad", b"not json")
    yield installation
    with mongo_client(installation.store_url) as client:
        client["casare"]["parked_events"].delete_many({})


def test_what_is_parked_in_a_running_installation_is_listed(casare: Casare, parked: Installation) -> None:
    shown = casare("events", "parked", CASARE_DATA_DIR=parked.data)
    assert shown.exit_code == 0, shown.output
    assert SUBSCRIPTION in shown.stdout
    assert "event-good" in shown.stdout
    assert "job.submitted" in shown.stdout
    assert "default" in shown.stdout
    assert "ValueError: broken" in shown.stdout

    (record,) = json.loads(casare("events", "parked", "-o", "json", CASARE_DATA_DIR=parked.data).stdout)[
        "subscriptions"
    ]
    assert (record["subscription"], record["parked"]) == (SUBSCRIPTION, 2)


def test_one_event_is_shown_with_its_data(casare: Casare, parked: Installation) -> None:
    shown = casare("events", "show", SUBSCRIPTION, "event-good", "-o", "json", CASARE_DATA_DIR=parked.data)
    assert json.loads(shown.stdout)["event"]["subject"] == "job-1"
    assert "not json" in casare("events", "show", SUBSCRIPTION, "event-bad", CASARE_DATA_DIR=parked.data).stdout
    assert casare("events", "show", SUBSCRIPTION, "nosuch", CASARE_DATA_DIR=parked.data).exit_code == 4


def test_a_replay_reaches_the_running_installation_and_says_what_failed_again(
    casare: Casare, parked: Installation
) -> None:
    outcome = casare("events", "replay", "--all", "-o", "json", CASARE_DATA_DIR=parked.data)

    assert outcome.exit_code == 1, outcome.output
    (row,) = json.loads(outcome.stdout)["subscriptions"]
    assert row == {"subscription": SUBSCRIPTION, "replayed": 2, "came_back": ["event-bad"], "waiting": 0}
    assert "failed again" in outcome.stderr
    left = casare("events", "parked", "-o", "json", CASARE_DATA_DIR=parked.data)
    (event,) = json.loads(left.stdout)["subscriptions"][0]["events"]
    assert event["event_id"] == "event-bad"
    assert "MalformedEvent" in event["reason"]
    with mongo_client(parked.store_url) as client:
        wait_until(lambda: client["casare"]["activity"].count_documents({"_id": "event-good"}) == 1)


def test_a_stopped_installation_keeps_the_request_for_its_next_start(casare: Casare, parked: Installation) -> None:
    parked.deployment.stop()
    assert not (Path(parked.data) / "running.json").exists()
    try:
        shown = casare("events", "parked", CASARE_DATA_DIR=parked.data)
        assert "event-good" in shown.stdout
        outcome = casare("events", "replay", "--event", "event-good", CASARE_DATA_DIR=parked.data)
        assert outcome.exit_code == 0, outcome.output
        assert "at its next start" in outcome.stderr
    finally:
        parked.deployment.start()
    with mongo_client(parked.store_url) as client:
        documents = client["casare"]["parked_events"]
        wait_until(lambda: [each["_id"] for each in documents.find()] == [f"{SUBSCRIPTION}:event-bad"])


def test_discarding_asks_first(casare: Casare, parked: Installation) -> None:
    refused = casare("events", "discard", "--event", "event-bad", CASARE_DATA_DIR=parked.data)
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr

    done = casare("events", "discard", "--event", "event-bad", "--yes", CASARE_DATA_DIR=parked.data)
    assert done.exit_code == 0, done.output
    again = casare("events", "discard", "--event", "event-bad", "--yes", CASARE_DATA_DIR=parked.data)
    assert again.exit_code == 4


def test_which_events_must_be_said(casare: Casare) -> None:
    for command in ("replay", "discard"):
        outcome = casare("events", command)
        assert outcome.exit_code == 2
        assert "--all" in outcome.stderr


def test_a_folder_without_an_installation_is_said_to_be_one(casare: Casare, tmp_path: Any) -> None:
    outcome = casare("events", "parked", CASARE_DATA_DIR=str(tmp_path / "nothing"))
    assert outcome.exit_code == 2
    assert "no installation" in outcome.stderr


async def test_the_queues_of_a_broker_are_read_and_replayed(
    casare: Casare, amqp_url: str, amqp_prefix: str, database_name: str
) -> None:
    prefix = f"{amqp_prefix}{database_name}"
    env = {"CASARE_MONGODB_URL": "mongodb://127.0.0.1:1", "CASARE_AMQP_URL": amqp_url, "CASARE_AMQP_PREFIX": prefix}
    queues = [f"{prefix}.{SUBSCRIPTION}", f"{prefix}.{SUBSCRIPTION}.parked"]
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        for name in queues:
            await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
        made = aio_pika.Message(event_body("event-1"), message_id="event-1", type="job.submitted")
        await channel.default_exchange.publish(made, queues[1])

        shown = await _in_a_thread(casare, "events", "parked", "-o", "json", **env)
        outcome = await _in_a_thread(casare, "events", "replay", SUBSCRIPTION, **env)

        assert json.loads(shown.stdout)["subscriptions"][0]["events"][0]["event_id"] == "event-1"
        assert outcome.exit_code == 0, outcome.output
        queue = await channel.get_queue(queues[0])
        delivered = await queue.get(timeout=5)
        assert delivered is not None
        assert delivered.message_id == "event-1"
        await delivered.ack()
        for name in queues:
            await channel.queue_delete(name)


async def _in_a_thread(casare: Casare, *words: str, **env: str) -> Any:
    import asyncio

    return await asyncio.to_thread(lambda: casare(*words, **env))


def test_a_broker_that_does_not_answer_is_said_to_be_unavailable(casare: Casare) -> None:
    env = {"CASARE_MONGODB_URL": "mongodb://127.0.0.1:1", "CASARE_AMQP_URL": "amqp://me:hidden-word@127.0.0.1:1/"}
    outcome = casare("events", "parked", **env)
    assert outcome.exit_code == 5
    assert "hidden-word" not in outcome.output


def test_what_is_no_address_is_said_to_be_none(casare: Casare) -> None:
    outcome = casare("events", "parked", CASARE_MONGODB_URL="http://nowhere")
    assert outcome.exit_code == 2, outcome.output
    assert "CASARE_MONGODB_URL" in outcome.stderr
    env = {"CASARE_MONGODB_URL": "mongodb://127.0.0.1:1", "CASARE_AMQP_URL": "hidden-word:x"}
    outcome = casare("events", "parked", **env)
    assert outcome.exit_code == 5, outcome.output
    assert "hidden-word" not in outcome.output


def test_every_shared_subscription_of_the_services_is_looked_at() -> None:
    import ast
    import re

    declared = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_subscription = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Subscription"
            if is_subscription and not {"BROADCAST", "ANNOUNCED"} & set(re.findall(r"\w+", ast.unparse(node))):
                assert isinstance(node, ast.Call)
                declared.add(ast.literal_eval(node.args[0]))
    assert declared
    assert declared <= set(shared_subscriptions())


def _park(installation: Installation, event_id: str, body: bytes) -> None:
    with mongo_client(installation.store_url) as client:
        client["casare"]["parked_events"].insert_one(
            {
                "_id": f"{SUBSCRIPTION}:{event_id}",
                "subscription": SUBSCRIPTION,
                "key": "job.submitted",
                "body": body,
                "reason": "ValueError: broken",
                "parked_ms": time.time_ns() // 1_000_000,
            }
        )
