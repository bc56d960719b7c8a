"""What the services rely on from every engine: MongoDB, the embedded one, and a second implementation."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.storage import Absent, Collection, Index, Receipt, Store, connect


@pytest.fixture
async def store(each_store_url: str, database_name: str) -> AsyncIterator[Store]:
    async with connect(each_store_url, database_name, pool_size=8) as store:
        yield store


@pytest.fixture
def things(store: Store) -> Collection:
    return Collection(store, "things")


ODD_DOCUMENT: dict[str, Any] = {
    "_id": "odd",
    "text": 'quotes " and \\ and ünïcode 漢字 and {"$set": {"a.b": 1}}',
    "big": 2**53,
    "at_ms": 1_767_268_800_123,
    "fraction": 0.1,
    "nothing": None,
    "list": ["a", "b"],
    "empty_list": [],
    "empty_map": {},
    "nested": {"a-b:c": {"deep": [1, {"x": None}]}},
    "binary": b"\x00\xffzlib",
}


async def test_a_document_comes_back_as_it_was(things: Collection) -> None:
    assert await things.insert(dict(ODD_DOCUMENT))
    assert await things.get("odd") == ODD_DOCUMENT


async def test_the_second_insert_of_an_id_is_told(things: Collection) -> None:
    outcomes = await asyncio.gather(*(things.insert({"_id": "one", "by": number}) for number in range(10)))
    assert sorted(outcomes) == [False] * 9 + [True]
    winner = outcomes.index(True)
    assert await things.get("one") == {"_id": "one", "by": winner}


async def test_of_many_guarded_updates_exactly_one_wins(things: Collection) -> None:
    await things.insert({"_id": "job", "version": 1, "outbox": {}, "unsent": 0})

    async def claim(number: int) -> bool:
        change = {"$set": {"version": 2, "by": number, f"outbox.e{number}": "{}"}, "$inc": {"unsent": 1}}
        return await things.update({"_id": "job", "version": 1}, change, Receipt(f"outbox.e{number}"))

    outcomes = await asyncio.gather(*(claim(number) for number in range(50)))
    assert outcomes.count(True) == 1
    found = await things.get("job")
    assert found == {
        "_id": "job",
        "version": 2,
        "by": outcomes.index(True),
        "outbox": {f"e{outcomes.index(True)}": "{}"},
        "unsent": 1,
    }


async def test_two_connections_racing_have_one_winner_per_document(
    store: Store, each_store_url: str, database_name: str
) -> None:
    mine = Collection(store, "things")
    async with connect(each_store_url, database_name, pool_size=8) as another:
        theirs = Collection(another, "things")
        await asyncio.gather(*(mine.insert({"_id": f"j{n}", "owner": None}) for n in range(40)))

        async def claim(collection: Collection, owner: str, n: int) -> bool:
            token = f"{owner}-{n}"
            guard = {"_id": f"j{n}", "owner": None}
            return await collection.update(guard, {"$set": {"owner": token}}, Receipt("owner", token))

        won = await asyncio.gather(
            *(claim(mine, "a", n) for n in range(40)), *(claim(theirs, "b", n) for n in range(40))
        )
    for n in range(40):
        assert won[n] != won[40 + n]
        document = await mine.get(f"j{n}")
        assert document is not None
        assert document["owner"] == (f"a-{n}" if won[n] else f"b-{n}")


async def test_a_counter_guards_slots_in_a_map(things: Collection) -> None:
    await things.insert({"_id": "robot", "n_active": 0, "active": {}, "max": 3})

    async def take(number: int) -> bool:
        path = f"active.job-{number}"
        guard = {"_id": "robot", "max": 3, "n_active": {"$lt": 3}, path: {"$exists": False}}
        change = {"$set": {path: {"token": f"t{number}", "since_ms": 1}}, "$inc": {"n_active": 1}}
        return await things.update(guard, change, Receipt(f"{path}.token", f"t{number}"))

    outcomes = await asyncio.gather(*(take(number) for number in range(20)))
    assert outcomes.count(True) == 3
    robot = await things.get("robot")
    assert robot is not None
    assert robot["n_active"] == len(robot["active"]) == 3
    freed = next(iter(robot["active"]))
    guard = {"_id": "robot", f"active.{freed}.token": robot["active"][freed]["token"]}
    change: dict[str, Any] = {"$unset": {f"active.{freed}": ""}, "$inc": {"n_active": -1}}
    assert await things.update(guard, change, Receipt(f"active.{freed}", Absent))
    again = await things.update(guard, change, Receipt(f"active.{freed}", Absent))
    robot = await things.get("robot")
    assert robot is not None
    assert (robot["n_active"], again) == (2, False)


@pytest.mark.parametrize(
    ("guard", "matches"),
    [
        ({"status": {"$in": ["pending", "claimed"]}}, True),
        ({"status": {"$in": ["running"]}}, False),
        ({"at_ms": {"$lt": 101}}, True),
        ({"at_ms": {"$lt": 100}}, False),
        ({"at_ms": {"$lte": 100, "$gte": 100}}, True),
        ({"nothing": None}, True),
        ({"missing": None}, True),
        ({"nested.a": {"$exists": True}}, True),
        ({"nested.b": {"$exists": False}}, True),
        ({"nested.a": 2}, False),
        ({"flag": True}, True),
        ({"flag": {"$ne": True}}, False),
    ],
)
async def test_every_kind_of_guard_means_the_same_everywhere(
    things: Collection, guard: dict[str, Any], matches: bool
) -> None:
    await things.insert(
        {"_id": "one", "status": "pending", "at_ms": 100, "nothing": None, "nested": {"a": 1}, "flag": True}
    )
    applied = await things.update({"_id": "one", **guard}, {"$set": {"mark": "m"}}, Receipt("mark", "m"))
    found = await things.get("one")
    assert found is not None
    assert (applied, "mark" in found) == (matches, matches)


async def test_setting_and_removing_keep_the_other_fields(things: Collection) -> None:
    await things.insert(dict(ODD_DOCUMENT))
    change = {
        "$set": {"nested.new": {"list": ["x"], "text": "{}"}, "status": "s", "gone": None},
        "$unset": {"fraction": ""},
        "$inc": {"big": 1},
    }
    assert await things.update({"_id": "odd"}, change, Receipt("status", "s"))
    expected = {**ODD_DOCUMENT, "status": "s", "gone": None, "big": 2**53 + 1}
    expected["nested"] = {**ODD_DOCUMENT["nested"], "new": {"list": ["x"], "text": "{}"}}
    del expected["fraction"]
    assert await things.get("odd") == expected


async def test_a_group_of_mixed_outcomes_tells_each_its_own(things: Collection) -> None:
    await asyncio.gather(*(things.insert({"_id": f"d{n}", "n": n}) for n in range(30)))

    async def mark_even(n: int) -> bool:
        guard = {"_id": f"d{n}", "n": {"$in": list(range(0, 30, 2))}}
        return await things.update(guard, {"$set": {"even": f"yes-{n}"}}, Receipt("even", f"yes-{n}"))

    outcomes = await asyncio.gather(*(mark_even(n) for n in range(30)))
    assert outcomes == [n % 2 == 0 for n in range(30)]


async def test_reads_find_what_is_there_and_only_that(things: Collection) -> None:
    await asyncio.gather(*(things.insert({"_id": f"d{n}"}) for n in range(5)))
    found = await asyncio.gather(*(things.get(f"d{n}") for n in range(8)))
    assert [document is not None for document in found] == [True] * 5 + [False] * 3


async def test_lists_sort_limit_skip_and_project(store: Store, things: Collection) -> None:
    await store.ensure_indexes("things", [Index("rank", (("rank", 1),))])
    await asyncio.gather(*(things.insert({"_id": f"d{n}", "rank": f"t|{n:03d}", "x": n}) for n in range(20)))
    page = await things.find({"rank": {"$gt": "t|004"}}, sort=[("rank", 1)], limit=3, skip=1, fields=("rank",))
    assert [document["rank"] for document in page] == ["t|006", "t|007", "t|008"]
    assert all("x" not in document for document in page)
    newest = await things.find({}, sort=[("rank", -1)], limit=1)
    assert newest[0]["_id"] == "d19"
    assert await things.count({"rank": {"$gte": "t|010", "$lt": "t|~"}}) == 10
    assert await things.count({"rank": "nothing"}) == 0


async def test_documents_without_the_field_are_not_below_any_number(things: Collection) -> None:
    await things.insert({"_id": "waiting", "lease_expires_ms": 5})
    await things.insert({"_id": "free", "lease_expires_ms": None})
    await things.insert({"_id": "never"})
    found = await things.find({"lease_expires_ms": {"$lt": 10}}, sort=[("lease_expires_ms", 1)])
    assert [document["_id"] for document in found] == ["waiting"]


async def test_deleting_removes_what_matches(things: Collection) -> None:
    await asyncio.gather(*(things.insert({"_id": f"d{n}", "n": n}) for n in range(10)))
    assert await things.delete({"n": {"$lt": 4}}) == 4
    assert await things.count({}) == 6
