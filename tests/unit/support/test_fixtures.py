"""The fixtures of `tests/conftest.py`, used as tests use them."""

import os

import pytest

from tests.support.backends.probes import mongo_client
from tests.support.run import space_name, worker_name

_seen: set[str] = set()


def test_the_embedded_store_answers(store_url: str, database_name: str) -> None:
    with mongo_client(store_url) as client:
        client[database_name]["things"].insert_one({"_id": 1})
        assert client[database_name]["things"].count_documents({}) == 1


def test_each_store_answers(each_store_url: str, database_name: str) -> None:
    with mongo_client(each_store_url) as client:
        client[database_name]["things"].insert_one({"_id": 1})
        assert client[database_name]["things"].count_documents({}) == 1


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_each_tests_own_and_dropped_after_it(
    turn: int, store_url: str, database_name: str, database_prefix: str
) -> None:
    assert database_name.startswith(database_prefix)
    assert len(database_name) < 64, "MongoDB's limit"
    with mongo_client(store_url) as client:
        assert not _seen & set(client.list_database_names())
        client[database_name]["things"].insert_one({"_id": turn})
    assert database_name not in _seen
    _seen.add(database_name)


def test_names_are_this_workers_own(amqp_prefix: str, redis_prefix: str, database_prefix: str) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    assert worker_name() == worker
    assert amqp_prefix == space_name()
    assert redis_prefix == f"{space_name()}:"
    assert all(worker in name for name in (amqp_prefix, redis_prefix, database_prefix))
