import asyncio
from pathlib import Path

import aio_pika
import psutil
import pytest
import redis

from tests.support.backends.private_broker import PrivateBroker
from tests.support.backends.private_redis import PrivateRedis
from tests.support.backends.probes import mongo_client
from tests.support.backends.stores import NxStore, PrivateStore, SecantusStore
from tests.support.eventually import eventually
from tests.support.leftovers import is_gone
from tests.support.ports import is_listening
from tests.support.processes import ProcessFailed
from tests.support.run import private_folder


async def publish(broker: PrivateBroker, words: bytes) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        # Not a quorum queue: RabbitMQ 3.10 forgets one that was made less than about a second before a SIGKILL.
        queue = await channel.declare_queue("kept", durable=True)
        message = aio_pika.Message(words, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue.name)
    await eventually(lambda: is_on_disk(broker, b"kept"), because="a new queue is written up to two seconds later")


def is_on_disk(broker: PrivateBroker, queue: bytes) -> bool:
    """Whether the broker's schema, or the log of its latest changes, names the queue."""
    files = [*broker.home.rglob("LATEST.LOG"), *broker.home.rglob("rabbit_durable_queue.DC*")]
    return any(queue in file.read_bytes() for file in files)


async def consume(broker: PrivateBroker) -> bytes:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("kept")
        message = await queue.get(timeout=10)
        await message.ack()
        return message.body


async def test_a_broker_keeps_port_and_messages_when_killed_and_leaves_nothing_running(
    private_broker: PrivateBroker,
) -> None:
    await publish(private_broker, b"hello")
    await asyncio.to_thread(private_broker.kill)
    assert not is_listening(private_broker.port)
    assert processes_about(private_broker.home.name) == []
    await asyncio.to_thread(private_broker.start)
    assert await consume(private_broker) == b"hello"
    private_broker.admin.add_vhost("other", "guest")
    assert {"/", "other"} <= set(private_broker.admin.run("list_vhosts").splitlines())
    await asyncio.to_thread(private_broker.stop)
    assert processes_about(private_broker.home.name) == []


def test_a_redis_keeps_port_and_keys_when_killed_and_when_restarted(private_redis: PrivateRedis) -> None:
    port = private_redis.port
    with redis.Redis.from_url(private_redis.url) as client:
        client.set("kept", "hello")
        private_redis.kill()
        assert not is_listening(port)
        private_redis.start()
        assert client.get("kept") == b"hello"
        private_redis.restart()
        assert client.get("kept") == b"hello"
    assert private_redis.port == port


@pytest.mark.parametrize("engine", [NxStore, SecantusStore])
def test_a_store_keeps_port_and_documents_when_killed_and_when_restarted(
    engine: type[PrivateStore], tmp_path: Path
) -> None:
    with engine(tmp_path) as store:
        write(store, 1)
        store.kill()
        assert not is_listening(store.port)
        store.start()
        assert count(store) == 1
        write(store, 2)
        store.restart()
        assert count(store) == 2
    assert processes_about(tmp_path.name) == []


def test_a_server_that_cannot_start_is_reported_with_its_output_and_leaves_nothing(private_redis: PrivateRedis) -> None:
    second = PrivateRedis(private_folder("redis"))
    second.process.command[second.process.command.index(str(second.port))] = str(private_redis.port)
    with pytest.raises(ProcessFailed, match="Address already in use"):
        second.start()
    assert not second.process.is_running


def write(store: PrivateStore, key: int) -> None:
    with mongo_client(store.url) as client:
        client["kept"]["things"].insert_one({"_id": key})


def count(store: PrivateStore) -> int:
    with mongo_client(store.url) as client:
        return client["kept"]["things"].count_documents({})


def processes_about(word: str) -> list[psutil.Process]:
    """Those with the word in their command line or environment, but for ended ones that nobody waits for."""
    return [process for process in psutil.process_iter() if word in _words_of(process) and not is_gone(process)]


def _words_of(process: psutil.Process) -> str:
    try:
        return " ".join([*process.cmdline(), *process.environ().values()])
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ""
