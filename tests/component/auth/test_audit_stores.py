"""The audit's stores behave alike on every engine."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.auth.domain.audit import AuditQuery, Outcome, Scan, StoredEntry, position_of
from services.auth.domain.audit_chain import GENESIS, Link, seal
from shared.storage import connect
from tests.component.auth.auditing import NOON_MS, Audit, entry_of


@pytest.fixture
async def audit(each_store_url: str, database_name: str) -> AsyncIterator[Audit]:
    async with connect(each_store_url, database_name) as store:
        yield await Audit(store).prepare()


async def shown(audit: Audit, **wanted: Any) -> list[str]:
    query = AuditQuery(**{"tenant_id": "t", "limit": 10, **wanted})
    return [stored.id for stored in await audit.entries.page(query)]


async def test_entries_are_added_once_and_listed_newest_first_in_their_tenant(audit: Audit) -> None:
    entries = [entry_of(2), entry_of(1), entry_of(3, tenant_id="t|x"), entry_of(4, tenant_id=""), entry_of(5)]
    assert [await audit.entries.add(entry) for entry in entries] == [True] * 5
    assert not await audit.entries.add(entry_of(1, actor_id="eve"))

    found = await audit.entries.page(AuditQuery("t", 10))

    assert list(found) == [StoredEntry(f"e{n}", entry_of(n), None) for n in (5, 2, 1)]
    assert (await shown(audit, tenant_id="t|x"), await shown(audit, tenant_id="")) == (["e3"], ["e4"])


async def test_filters_times_and_positions_narrow_the_list(audit: Audit) -> None:
    changed: dict[int, dict[str, Any]] = {
        2: {"actor_id": "bob"},
        3: {"action": "user.updated"},
        4: {"outcome": Outcome.REFUSED, "status": 403},
    }
    for number in range(1, 6):
        await audit.entries.add(entry_of(number, **changed.get(number, {})))

    assert await shown(audit, actor="bob") == ["e2"]
    assert await shown(audit, action="user.updated") == ["e3"]
    assert await shown(audit, outcome=Outcome.REFUSED) == ["e4"]
    assert await shown(audit, resource_id="j5") == ["e5"]
    assert await shown(audit, since_ms=NOON_MS + 2, until_ms=NOON_MS + 4) == ["e3", "e2"]
    assert await shown(audit, limit=2) == ["e5", "e4"]
    assert await shown(audit, before=position_of(entry_of(4)), limit=2) == ["e3", "e2"]
    assert await shown(audit, before=position_of(entry_of(4)), until_ms=NOON_MS + 3) == ["e2", "e1"]


async def test_entries_wait_oldest_first_until_they_are_marked(audit: Audit) -> None:
    for number in (3, 1, 2):
        await audit.entries.add(entry_of(number))
    await audit.entries.add(entry_of(9, tenant_id=""))
    block = seal(GENESIS, "t", [entry_of(1), entry_of(3)], NOON_MS)

    assert {await audit.entries.next_unsealed_tenant(after) for after in (None, "t", "")} == {"t", "", None}
    assert [entry.id for entry in await audit.entries.unsealed("t", 2)] == ["e1", "e2"]
    for _ in range(2):
        await audit.entries.mark_sealed(block)
    await audit.entries.mark_sealed(seal(block.link, "t", [entry_of(1)], NOON_MS))  # has been marked: stays as it is

    assert [entry.id for entry in await audit.entries.unsealed("t", 9)] == ["e2"]
    assert await audit.entries.count_unsealed("t") == 1
    claims = await audit.entries.claiming("t", 0, 1)
    assert {number: {stored.id for stored in found} for number, found in claims.items()} == {1: {"e1", "e3"}}
    assert await audit.entries.claiming("t", 1, None) == {}
    assert {(stored.id, stored.block) for stored in await audit.entries.with_ids("t", ["e1", "e2", "e9"])} == {
        ("e1", 1),
        ("e2", None),
    }
    assert await audit.entries.scan("t", "", 9) == Scan(None, None)
    await audit.entries.remove(block)
    assert await shown(audit) == ["e2"]


@pytest.mark.parametrize("block", [None, 1, "t|x", "nonsense", "u|000000000001", ["t|000000000001"]])
async def test_an_entry_that_nobody_wrote_so_is_found(audit: Audit, block: object) -> None:
    await audit.entries.add(entry_of(1))
    change = {"$unset": {"unsealed": ""}} | ({} if block is None else {"$set": {"block": block}})
    await audit.store.collection("audit_entries").update_one({"_id": "e1"}, change)

    scan, claims = await audit.entries.scan("t", "", 9), await audit.entries.claiming("t", 0, None)

    assert (scan.lawless == "e1") or list(claims) == [-1]


async def test_a_look_through_the_entries_goes_on_where_it_ended(audit: Audit) -> None:
    for number in range(1, 6):
        await audit.entries.add(entry_of(number))
    positions, position = [], ""
    while (seen := await audit.entries.scan("t", position, 3)).position is not None:
        position = seen.position
        positions.append(position)

    assert (positions, seen.lawless) == ([position_of(entry_of(3)), position_of(entry_of(5))], None)
    await audit.store.collection("audit_entries").update_one({"_id": "e4"}, {"$set": {"block": "t|000000000001"}})
    assert (await audit.entries.scan("t", positions[0], 3)).lawless == "e4"


async def test_blocks_are_appended_once_and_read_in_order(audit: Audit) -> None:
    blocks = [seal(GENESIS, "t", [entry_of(1)], NOON_MS)]
    for number in range(2, 13):
        blocks.append(seal(blocks[-1].link, "t", [entry_of(number)], NOON_MS))
    assert [await audit.chain.append(block) for block in blocks] == [True] * 12
    assert not await audit.chain.append(seal(GENESIS, "t", [entry_of(99)], NOON_MS))
    await audit.chain.append(seal(GENESIS, "t|x", [entry_of(1, tenant_id="t|x")], NOON_MS))

    assert await audit.chain.head("t") == blocks[-1]
    assert await audit.chain.head("nobody") is None
    assert list(await audit.chain.after("t", 9, 2)) == blocks[9:11]
    assert {await audit.chain.next_tenant(after) for after in (None, "t", "t|x")} == {"t", "t|x", None}
    await audit.chain.remove(blocks[0])
    assert list(await audit.chain.after("t", 0, 1)) == blocks[1:2]


async def test_the_anchor_only_moves_forward(audit: Audit) -> None:
    assert await audit.chain.anchor("t") == GENESIS
    for number in (3, 5, 4):
        await audit.chain.advance_anchor("t", Link(number, f"hash-{number}"))
    assert await audit.chain.anchor("t") == Link(5, "hash-5")
    assert await audit.chain.anchor("t|x") == GENESIS
