"""The ladder of each backend, from the environment's word to Debian's archive."""

from collections.abc import Callable, Sequence
from typing import Final

from tests.support.backends.containers import in_container
from tests.support.backends.debian import install
from tests.support.backends.ladder import NotHere, Place, Rung, Subject, given_by, running_at
from tests.support.backends.private_broker import PrivateBroker, installed_rabbitmq
from tests.support.backends.private_redis import PrivateRedis, installed_redis
from tests.support.backends.private_server import PrivateServer
from tests.support.backends.probes import check_amqp, check_mongodb, check_redis
from tests.support.processes import ProcessFailed
from tests.support.run import private_folder


def _rabbitmq() -> Sequence[Rung]:
    return [
        given_by("CASARE_TEST_AMQP_URL", check_amqp),
        running_at("amqp://guest:guest@127.0.0.1:5672/", check_amqp, "this machine's RabbitMQ"),
        Rung("private RabbitMQ", _private_rabbitmq),
        in_container("rabbitmq:4", 5672, "amqp://guest:guest@{address}/", check_amqp),
        Rung("private RabbitMQ from Debian's package", _after_installing("rabbitmq-server", _private_rabbitmq)),
    ]


def _redis() -> Sequence[Rung]:
    return [
        given_by("CASARE_TEST_REDIS_URL", check_redis),
        running_at("redis://127.0.0.1:6379", check_redis, "this machine's Redis"),
        Rung("private Redis", _private_redis),
        in_container("redis:8", 6379, "redis://{address}", check_redis),
        Rung("private Redis from Debian's package", _after_installing("redis-server", _private_redis)),
    ]


def _mongodb() -> Sequence[Rung]:
    return [
        given_by("CASARE_TEST_MONGODB_URL", check_mongodb),
        in_container("mongo:8", 27017, "mongodb://{address}", check_mongodb),
    ]


def _rabbitmq_server() -> Sequence[Rung]:
    def find() -> Place:
        return Place(installed_rabbitmq().server)

    return [
        Rung("installed RabbitMQ", find),
        Rung("Debian's package", _after_installing("rabbitmq-server", find)),
    ]


def _redis_server() -> Sequence[Rung]:
    def find() -> Place:
        return Place(installed_redis())

    return [Rung("installed Redis", find), Rung("Debian's package", _after_installing("redis-server", find))]


def _private_rabbitmq() -> Place:
    broker = PrivateBroker(private_folder("rabbitmq"))
    _start(broker)
    return Place(broker.url, broker.admin)


def _private_redis() -> Place:
    server = PrivateRedis(private_folder("redis"))
    _start(server)
    return Place(server.url)


def _start(server: PrivateServer) -> None:
    try:
        server.start()
    except ProcessFailed as failure:
        raise NotHere(str(failure)) from failure


def _after_installing(package: str, find: Callable[[], Place]) -> Callable[[], Place]:
    def install_and_find() -> Place:
        install(package)
        return find()

    return install_and_find


LADDERS: Final[dict[Subject, Callable[[], Sequence[Rung]]]] = {
    "rabbitmq": _rabbitmq,
    "redis": _redis,
    "mongodb": _mongodb,
    "rabbitmq-server": _rabbitmq_server,
    "redis-server": _redis_server,
}
