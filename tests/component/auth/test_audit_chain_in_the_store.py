"""Sealing with several replicas that die anywhere, tampering, and removal of what is old."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from services.auth.domain.audit import AuditQuery
from services.auth.domain.audit_chain import GENESIS, Break, Fault, seal
from services.auth.use_cases import seal_audit, verify_audit
from services.auth.use_cases.remove_old_audit import RemoveOldAudit
from services.auth.use_cases.seal_audit import SealAudit
from services.auth.use_cases.verify_audit import Progress, Verification, VerifyAudit
from shared.storage import connect
from tests.component.auth.auditing import Audit, entry_of

DAY_MS = 24 * 3600 * 1000
CALLS_OF_A_RUN = 7
"""Next tenant, head, mark the head's, what waits, append, mark, next tenant."""


class Died(Exception):
    """The process is gone."""


class Interrupted:
    """A port whose callers are interrupted before their `at`-th call, counted over all ports that share `calls`."""

    def __init__(self, port: Any, calls: "count[int]", at: int, event: Callable[[], Awaitable[object]]) -> None:
        self._port = port
        self._calls = calls
        self._at = at
        self._event = event

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any) -> Any:
            if next(self._calls) == self._at:
                await self._event()
            return await getattr(self._port, name)(*arguments)

        return call


def interrupted(audit: Audit, at: int, event: Callable[[], Awaitable[object]]) -> SealAudit:
    """A replica that seals, and to which `event` happens before its `at`-th call."""
    calls = count(1)
    entries, chain = (Interrupted(port, calls, at, event) for port in (audit.entries, audit.chain))
    return SealAudit(entries=entries, chain=chain, clock=audit.clock)


async def die() -> None:
    raise Died


@pytest.fixture
async def audit(store_url: str, database_name: str) -> AsyncIterator[Audit]:
    async with connect(store_url, database_name) as store:
        yield await Audit(store).prepare()


async def change(audit: Audit, collection: str, document_id: str, update: dict[str, Any]) -> None:
    result = await audit.store.collection(collection).update_one({"_id": document_id}, update)
    assert result.modified_count == 1


async def broken(audit: Audit, expected_hash: str | None = None) -> Break | None:
    return (await audit.verify(expected_hash=expected_hash)).broken


async def require_each_in_one_block(audit: Audit, *numbers: int) -> None:
    found = await audit.verify()
    assert (found.broken, found.done, found.n_unsealed) == (None, True, 0)
    listed = [entry_id for block in await audit.chain.after("t", 0, 99) for entry_id in block.entry_ids]
    assert sorted(listed) == sorted(f"e{number}" for number in numbers)


@pytest.mark.parametrize("at", range(1, CALLS_OF_A_RUN + 1))
async def test_a_death_at_any_step_leaves_each_entry_for_exactly_one_block(audit: Audit, at: int) -> None:
    await audit.add(entry_of(1))
    await audit.entries.add(entry_of(2))

    with pytest.raises(Died):
        await interrupted(audit, at, die)()
    await audit.entries.add(entry_of(3))
    assert (await audit.verify()).broken is None
    await audit.seal()

    await require_each_in_one_block(audit, 1, 2, 3)


@pytest.mark.parametrize("at", range(1, CALLS_OF_A_RUN + 1))
async def test_a_replica_that_overtakes_at_any_step_leaves_each_entry_for_exactly_one_block(
    audit: Audit, at: int
) -> None:
    async def overtake() -> None:
        await audit.add(entry_of(3))
        await audit.add(entry_of(0))
        assert (await audit.verify()).broken is None

    await audit.add(entry_of(1))
    await audit.entries.add(entry_of(2))

    await interrupted(audit, at, overtake)()
    await audit.seal()

    await require_each_in_one_block(audit, 0, 1, 2, 3)


async def test_entries_that_a_dead_replica_did_not_get_to_mark_are_marked_by_the_next(audit: Audit) -> None:
    entries = [entry_of(number) for number in range(5)]
    for entry in entries:
        await audit.entries.add(entry)
    head = seal(GENESIS, "t", entries, 0)
    await audit.chain.append(head)
    await audit.entries.mark_sealed(seal(GENESIS, "t", entries[:2], 0))
    assert await broken(audit) is None

    await audit.add(entry_of(9))

    await require_each_in_one_block(audit, 0, 1, 2, 3, 4, 9)


async def test_each_tenant_has_a_chain_of_its_own(audit: Audit) -> None:
    await audit.add(entry_of(1), entry_of(2, tenant_id=""), entry_of(3, tenant_id="t|x"))
    await audit.add(entry_of(4, tenant_id=""))
    blocks = {tenant: (await audit.verify(tenant)).progress.n_blocks for tenant in ("t", "", "t|x", "nobody")}
    assert blocks == {"t": 1, "": 2, "t|x": 1, "nobody": 0}
    await change(audit, "audit_entries", "e4", {"$set": {"actor_id": "eve"}})
    assert [(await audit.verify(tenant)).broken is None for tenant in ("t", "", "t|x")] == [True, False, True]


async def test_a_run_is_short_and_the_next_one_goes_on(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal_audit, "MAX_ENTRIES", 2)
    monkeypatch.setattr(seal_audit, "MAX_ENTRIES_A_RUN", 4)
    for number in range(7):
        await audit.entries.add(entry_of(number))
    await audit.entries.add(entry_of(8, tenant_id="u"))
    await audit.entries.add(entry_of(9, tenant_id="v"))

    assert [await audit.seal() for _ in range(4)] == [4, 2, 3, 0]

    await require_each_in_one_block(audit, *range(7))
    assert [(await audit.verify(tenant)).progress.n_entries for tenant in ("u", "v")] == [1, 1]


SECOND = "t|000000000002"


@pytest.mark.parametrize(
    ("collection", "document_id", "update", "expected"),
    [
        ("audit_entries", "e2", {"$set": {"actor_id": "eve"}}, Break(2, Fault.ENTRY_CHANGED, "e2")),
        ("audit_entries", "e2", {"$set": {"at_ms": 5}}, Break(2, Fault.ENTRY_CHANGED, "e2")),
        ("audit_entries", "e2", {"$set": {"place": "t|0"}}, Break(2, Fault.ENTRY_CHANGED, "e2")),
        ("audit_entries", "e2", {"$set": {"status": "x"}}, Break(2, Fault.ENTRY_CHANGED, "e2")),
        ("audit_entries", "e2", {"$unset": {"outcome": ""}}, Break(2, Fault.ENTRY_CHANGED, "e2")),
        ("audit_entries", "e2", {"$set": {"unsealed": "t|0"}}, Break(2, Fault.ENTRY_CHANGED, "e2")),
        ("audit_entries", "e2", {"$unset": {"block": ""}}, Break(2, Fault.ENTRY_MISSING, "e2")),
        ("audit_entries", "e2", {"$set": {"block": "t|000000000001"}}, Break(1, Fault.ENTRY_EXTRA, "e2")),
        ("audit_entries", "e2", {"$set": {"block": "t|000000000007"}}, Break(2, Fault.ENTRY_MISSING, "e2")),
        ("audit_entries", "e2", {"$set": {"block": "t|0000000000015"}}, Break(1, Fault.ENTRY_EXTRA, "e2")),
        ("audit_blocks", SECOND, {"$set": {"at_ms": 5}}, Break(2, Fault.BLOCK_CHANGED)),
        ("audit_blocks", SECOND, {"$set": {"at_ms": "x"}}, Break(2, Fault.BLOCK_CHANGED)),
        ("audit_blocks", SECOND, {"$set": {"prev_hash": "x"}}, Break(2, Fault.BLOCK_CHANGED)),
        ("audit_blocks", SECOND, {"$set": {"hash": "x"}}, Break(2, Fault.BLOCK_CHANGED)),
        ("audit_blocks", SECOND, {"$set": {"digests_json": "[]"}}, Break(2, Fault.BLOCK_CHANGED)),
        ("audit_blocks", SECOND, {"$unset": {"digests_json": ""}}, Break(2, Fault.BLOCK_CHANGED)),
        ("audit_blocks", SECOND, {"$unset": {"place": ""}}, Break(2, Fault.BLOCK_MISSING, "e2")),
    ],
)
async def test_tampering_is_found_where_it_was_done(
    audit: Audit, collection: str, document_id: str, update: dict[str, Any], expected: Break
) -> None:
    for number in (1, 2, 3):
        await audit.add(entry_of(number))
    await change(audit, collection, document_id, update)

    assert await broken(audit) == expected
    await audit.add(entry_of(9))
    assert await broken(audit) is not None


async def test_what_is_removed_is_missed(audit: Audit) -> None:
    for number in (1, 2, 3):
        await audit.add(entry_of(number))
    head = (await audit.verify()).progress.link
    entries, blocks = audit.store.collection("audit_entries"), audit.store.collection("audit_blocks")

    await blocks.delete_one({"_id": "t|000000000003"})
    assert await broken(audit) == Break(3, Fault.BLOCK_MISSING, "e3")
    await entries.delete_one({"_id": "e3"})
    assert await broken(audit) is None  # a shorter chain is a good one, unless somebody remembers the longer
    assert await broken(audit, expected_hash=head.hash) == Break(2, Fault.HEAD_MISSING)
    await entries.delete_one({"_id": "e1"})
    assert await broken(audit) == Break(1, Fault.ENTRY_MISSING, "e1")
    await blocks.delete_one({"_id": "t|000000000001"})
    assert await broken(audit) == Break(1, Fault.BLOCK_MISSING)


async def test_an_entry_slipped_in_beside_the_chain_is_found(audit: Audit) -> None:
    await audit.add(entry_of(1))
    await audit.entries.add(entry_of(2))
    await change(audit, "audit_entries", "e2", {"$unset": {"unsealed": ""}})
    await audit.add(entry_of(3))
    assert await broken(audit) == Break(2, Fault.ENTRY_EXTRA, "e2")


async def test_a_hash_noted_earlier_is_still_in_the_chain(audit: Audit) -> None:
    await audit.add(entry_of(1))
    noted = (await audit.verify()).progress.link.hash
    await audit.add(entry_of(2))
    assert (await broken(audit, noted), await broken(audit, "f" * 64)) == (None, Break(2, Fault.HEAD_MISSING))


async def test_a_long_chain_is_verified_in_stretches(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_audit, "STRETCH", 4)
    monkeypatch.setattr(verify_audit, "ENTRIES_AT_ONCE", 2)
    for number in range(9):
        await audit.add(entry_of(number))
    noted = (await audit.chain.after("t", 0, 1))[0].hash

    found = await audit.verify(expected_hash=noted)

    assert (found.progress.n_blocks, found.progress.n_entries, found.broken) == (9, 9, None)
    await change(audit, "audit_entries", "e8", {"$set": {"address": "elsewhere"}})
    assert await broken(audit) == Break(9, Fault.ENTRY_CHANGED, "e8")


def remover(audit: Audit, *, keep_days: int = 1, entries: Any = None) -> RemoveOldAudit:
    return RemoveOldAudit(
        entries=entries or audit.entries, chain=audit.chain, clock=audit.clock, keep_ms=keep_days * DAY_MS
    )


async def days_of_entries(audit: Audit) -> str:
    """One block on each of four days; the hash of the second."""
    for number in range(1, 5):
        await audit.add(entry_of(number))
        audit.clock.advance(ms=DAY_MS)
    return (await audit.chain.after("t", 1, 1))[0].hash


async def shown(audit: Audit) -> list[str]:
    return [stored.id for stored in await audit.entries.page(AuditQuery("t", 9))]


async def test_what_is_old_is_removed_and_the_rest_still_verifies(audit: Audit) -> None:
    second = await days_of_entries(audit)

    assert await remover(audit, keep_days=0)() == 0
    assert await remover(audit, keep_days=2)() == 2

    assert await shown(audit) == ["e4", "e3"]
    found = await audit.verify(expected_hash=second)
    assert (found.broken, found.progress.n_blocks, found.progress.removed) == (None, 2, 2)
    await audit.store.collection("audit_blocks").delete_one({"_id": "t|000000000003"})
    assert await broken(audit) == Break(3, Fault.BLOCK_MISSING, "e3")


async def test_the_newest_block_stays_however_old_so_that_the_chain_goes_on(audit: Audit) -> None:
    await days_of_entries(audit)
    audit.clock.advance(ms=99 * DAY_MS)

    assert await remover(audit)() == 3
    await audit.add(entry_of(5))

    assert await shown(audit) == ["e5", "e4"]
    assert (await audit.verify()).progress.link.number == 5


@pytest.mark.parametrize("at", range(1, 4))
async def test_a_removal_cut_short_is_finished_and_breaks_nothing_meanwhile(audit: Audit, at: int) -> None:
    await days_of_entries(audit)
    with pytest.raises(Died):
        await remover(audit, entries=Interrupted(audit.entries, count(1), at, die))()
    assert await broken(audit) is None

    assert await remover(audit)() == 4 - at

    assert (await broken(audit), await shown(audit)) == (None, ["e4"])


@pytest.mark.parametrize("at", range(1, 6))
async def test_a_removal_while_verification_is_under_way_breaks_nothing(audit: Audit, at: int) -> None:
    await days_of_entries(audit)
    calls, remove = count(1), remover(audit)
    entries, chain = (Interrupted(port, calls, at, remove) for port in (audit.entries, audit.chain))
    verify, found = VerifyAudit(entries=entries, chain=chain), Verification(progress=Progress())

    while not found.done:
        found = await verify(tenant_id="t", progress=found.progress)
        assert found.broken is None

    assert found.progress.link.number == 4
