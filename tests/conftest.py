"""Backends and child processes for all tests; how they come about is in `tests/support/`."""

import os
import signal
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from tests.support.backends.decisions import decide, need
from tests.support.backends.ladder import Subject
from tests.support.backends.private_broker import PrivateBroker
from tests.support.backends.private_redis import PrivateRedis
from tests.support.backends.rabbitmq_spaces import AmqpSpace, make_amqp_space
from tests.support.backends.redis_spaces import make_key_prefix
from tests.support.backends.stores import (
    NxStore,
    SecantusStore,
    drop_database,
    keep_databases_until_the_end,
)
from tests.support.children import Children
from tests.support.leftovers import Process, register
from tests.support.processes import last_outputs
from tests.support.run import Run, private_folder, space_name

_RUN: Final = pytest.StashKey[Run]()
_BACKENDS: Final[dict[str, Subject]] = {
    "amqp_space": "rabbitmq",
    "redis_url": "redis",
    "each_store_url": "mongodb",
    "private_broker": "rabbitmq-server",
    "private_redis": "redis-server",
}
_database_numbers: Final = count(1)


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process begins the run; xdist's workers, which have `workerinput`, join it and end with it."""
    # A shell's background job ignores Ctrl-C, and so would each process that the tests start and then send one to.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        register(Process.of(os.getpid()))
    else:
        config.stash[_RUN] = Run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _RUN in config.stash:
        config.stash[_RUN].end()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Finds or starts what the collected tests need before any of their time limits runs."""
    if session.config.option.collectonly:
        return
    asked_for = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    for fixture in sorted(asked_for & _BACKENDS.keys()):
        decide(_BACKENDS[fixture])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its child processes wrote last."""
    report = yield
    if report.failed:
        report.sections += [(f"Last output of {name}", output) for name, output in last_outputs(call.start)]
    return report


@pytest.fixture(scope="session")
def amqp_space() -> AmqpSpace:
    """This worker's room in a RabbitMQ shared with others; never stop that broker: see `private_broker`."""
    return make_amqp_space(need("rabbitmq"), space_name())


@pytest.fixture(scope="session")
def amqp_url(amqp_space: AmqpSpace) -> str:
    """A RabbitMQ, with a vhost of this worker's own where one can be made."""
    return amqp_space.url


@pytest.fixture(scope="session")
def amqp_prefix(amqp_space: AmqpSpace) -> str:
    """For all exchange and queue names (`amqp_prefix` of the settings); no other worker or run has it."""
    return amqp_space.prefix


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A Redis shared with others; never stop or flush it: see `private_redis`."""
    return need("redis").where


@pytest.fixture(scope="session")
def redis_prefix(redis_url: str) -> str:
    """For all keys (`redis_prefix` of the settings); no other worker or run has it, the run removes them."""
    return make_key_prefix(redis_url, space_name())


@pytest.fixture
def private_broker() -> Iterator[PrivateBroker]:
    """A started RabbitMQ of this test's own, to stop, kill and restart."""
    need("rabbitmq-server")
    with PrivateBroker(private_folder("rabbitmq")) as broker:
        yield broker


@pytest.fixture
def private_redis() -> Iterator[PrivateRedis]:
    """A started Redis of this test's own, to stop, kill, restart and flush."""
    need("redis-server")
    with PrivateRedis(private_folder("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """The embedded store, one per worker."""
    with NxStore(private_folder("nx")) as store:
        yield store.url


@pytest.fixture(scope="session")
def secantus_store() -> Iterator[str]:
    """SecantusDB, one per worker."""
    with SecantusStore(private_folder("secantus")) as store:
        yield store.url


@pytest.fixture(scope="session")
def mongodb_store(database_prefix: str) -> str:
    """A real MongoDB where one is given or a Docker engine answers; optional, also in CI."""
    place = need("mongodb", environ={})
    keep_databases_until_the_end(place.where, database_prefix)
    return place.where


@pytest.fixture(scope="session", params=["nx", "secantus", "mongodb"])
def each_store_url(request: pytest.FixtureRequest) -> str:
    """Every engine in turn."""
    fixtures = {"nx": "store_url", "secantus": "secantus_store", "mongodb": "mongodb_store"}
    url: str = request.getfixturevalue(fixtures[request.param])
    return url


@pytest.fixture(scope="session")
def database_prefix() -> str:
    """Begins the names of all databases of this worker."""
    return space_name().replace("-", "_") + "_"


@pytest.fixture
def database_name(database_prefix: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of this test's own, dropped after it from the stores it used."""
    asked_for = [name for name in ("store_url", "each_store_url") if name in request.fixturenames]
    urls = {request.getfixturevalue(name) for name in asked_for}
    name = f"{database_prefix}{next(_database_numbers)}"
    yield name
    for url in urls:
        drop_database(url, name)


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    """Starts child processes that end with the test; their last output is part of its report when it fails."""
    with Children(tmp_path) as started:
        yield started
