import asyncio
import subprocess
from pathlib import Path

import aio_pika
import pytest
import redis

from tests.support.backends.debian import services_stay_down
from tests.support.backends.decisions import need
from tests.support.backends.ladder import NoAnswer, Place
from tests.support.backends.probes import check_amqp
from tests.support.backends.rabbitmq_admin import AdminFailed, ManagementApi
from tests.support.backends.rabbitmq_spaces import AmqpSpace, Vhost, make_amqp_space, vhost_of, with_vhost
from tests.support.backends.redis_spaces import RedisKeys
from tests.support.clearing import registered
from tests.support.ports import LOOPBACK, free_port
from tests.support.run import run_directory, space_name


def test_the_vhost_of_a_url_is_read_and_replaced() -> None:
    assert vhost_of("amqp://guest:guest@localhost:5672/") == "/"
    assert vhost_of("amqp://localhost") == "/"
    assert vhost_of("amqp://localhost/%2F") == "/"
    assert vhost_of("amqps://localhost/team%2Fa?heartbeat=5") == "team/a"
    assert (
        with_vhost("amqps://u:p%40@localhost:1/?heartbeat=5", "a/b") == "amqps://u:p%40@localhost:1/a%2Fb?heartbeat=5"
    )


def test_a_url_that_names_a_vhost_is_taken_at_its_word() -> None:
    place = Place("amqp://guest:guest@127.0.0.1:1/team")
    assert make_amqp_space(place, "mine") == AmqpSpace(place.where, "mine", own_vhost=False)


def test_where_no_vhost_can_be_made_the_prefix_keeps_workers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    place = Place(f"amqp://guest:guest@{LOOPBACK}:{free_port()}/")
    assert make_amqp_space(place, "mine") == AmqpSpace(place.where, "mine", own_vhost=False)


async def test_this_workers_space_can_be_worked_in(amqp_space: AmqpSpace) -> None:
    assert amqp_space.prefix == space_name()
    async with await aio_pika.connect(amqp_space.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(f"{amqp_space.prefix}.spaces", auto_delete=True)
        queue = await channel.declare_queue(f"{amqp_space.prefix}.spaces", exclusive=True)
        await queue.bind(exchange, "greeting")
        await exchange.publish(aio_pika.Message(b"hello"), "greeting")
        message = await queue.get(timeout=5)
        assert message.body == b"hello"
        await message.ack()


def test_a_vhost_is_noted_for_the_end_of_the_run_and_can_be_removed(amqp_space: AmqpSpace) -> None:
    if not amqp_space.own_vhost:
        pytest.skip("no vhost can be made on this broker")
    name = f"{space_name()}-removed"
    space = make_amqp_space(need("rabbitmq"), name)
    check_amqp(space.url)
    (vhost,) = [each for each in registered(run_directory()) if isinstance(each, Vhost) and each.name == name]
    vhost.remove()
    with pytest.raises(NoAnswer):
        check_amqp(space.url)
    vhost.remove()


def test_a_management_api_that_is_not_there_makes_no_vhost() -> None:
    api = ManagementApi(f"http://{LOOPBACK}:{free_port()}", "guest", "guest")
    with pytest.raises(AdminFailed, match="management API"):
        api.add_vhost("mine", "guest")


async def test_a_management_api_is_asked_for_the_vhost_and_all_rights_in_it() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).rstrip())
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, LOOPBACK, port):
        api = ManagementApi(f"http://{LOOPBACK}:{port}", "guest", "guest")
        await asyncio.to_thread(api.add_vhost, "mine", "guest")
        await asyncio.to_thread(api.delete_vhost, "mine")
    assert asked == [
        b"PUT /api/vhosts/mine HTTP/1.1",
        b"PUT /api/permissions/mine/guest HTTP/1.1",
        b"DELETE /api/vhosts/mine HTTP/1.1",
    ]


def test_only_keys_of_the_prefix_are_removed(redis_url: str, redis_prefix: str) -> None:
    own = f"{redis_prefix}removal:"  # a deployment of this worker may have keys beside it
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.mset({f"{own}removed:{number}": "x" for number in range(20)})
        client.set(f"{own}kept", "x")
        RedisKeys(redis_url, f"{own}removed:").remove()
        assert list(client.scan_iter(match=f"{own}*", count=1000)) == [f"{own}kept"]


def test_this_workers_keys_are_noted_for_the_end_of_the_run(redis_url: str, redis_prefix: str) -> None:
    assert RedisKeys(redis_url, redis_prefix) in registered(run_directory())


def test_services_of_packages_being_installed_stay_down(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with services_stay_down(policy):
        assert subprocess.run([policy, "rabbitmq-server", "start"], check=False).returncode == 101
    assert not policy.exists()


def test_a_policy_the_machine_has_already_is_left_as_it_is(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs")
    with services_stay_down(policy):
        assert policy.read_text() == "theirs"
    assert policy.read_text() == "theirs"
