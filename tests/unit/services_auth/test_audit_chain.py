"""Any change to what was sealed is found."""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.auth.domain.audit import AuditEntry, Outcome
from services.auth.domain.audit_chain import GENESIS, Block, Break, Fault, check_block, digest_of, hash_of, seal, up_to

TEXT_FIELDS = (
    "id", "tenant_id", "action", "actor_kind", "actor_id", "resource_kind", "resource_id", "address", "request_id",
    "detail_json",
)  # fmt: skip
N_BLOCKS, N_ENTRIES = 4, 3


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        id=f"e{number:02}",
        tenant_id="t",
        at_ms=number,
        action="user.created",
        outcome=Outcome.DONE,
        actor_id=f"actor-{number}",
    )


class Chain:
    """Blocks and entries as they lie in the store, for a test to tamper with."""

    def __init__(self) -> None:
        self.entries: list[list[AuditEntry]] = []
        self.blocks: list[Block] = []
        link = GENESIS
        for number in range(N_BLOCKS):
            entries = [entry(number * N_ENTRIES + n) for n in range(N_ENTRIES)]
            self.entries.append(entries)
            self.blocks.append(seal(link, "t", entries, number))
            link = self.blocks[-1].link

    def first_break(self) -> Break | None:
        link = GENESIS
        for block, entries in zip(self.blocks, self.entries, strict=True):
            broken = check_block(link, block, {one.id: one for one in entries})
            if broken is not None:
                return broken
            link = block.link
        return None


positions = st.tuples(st.integers(0, N_BLOCKS - 1), st.integers(0, N_ENTRIES - 1))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def test_a_chain_that_nobody_touched_holds() -> None:
    assert Chain().first_break() is None


@given(position=positions, field=st.sampled_from(TEXT_FIELDS), value=texts)
def test_any_other_text_in_any_entry_is_found(position: tuple[int, int], field: str, value: str) -> None:
    block, number = position
    _expect_changed(block, number, {field: value})


@given(position=positions, at_ms=st.integers(), status=st.integers(), refused=st.booleans())
def test_any_other_number_or_outcome_in_any_entry_is_found(
    position: tuple[int, int], at_ms: int, status: int, refused: bool
) -> None:
    block, number = position
    outcome = Outcome.REFUSED if refused else Outcome.DONE
    _expect_changed(block, number, {"at_ms": at_ms, "status": status, "outcome": outcome})


def _expect_changed(block: int, number: int, values: dict[str, Any]) -> None:
    chain = Chain()
    before = chain.entries[block][number]
    chain.entries[block][number] = msgspec.structs.replace(before, **values)
    if chain.entries[block][number] == before:
        return
    broken = chain.first_break()
    assert broken is not None
    assert broken.block == block + 1


@given(
    position=st.integers(0, N_BLOCKS - 1),
    field=st.sampled_from(("tenant_id", "prev_hash", "hash", "number", "at_ms", "digests")),
    other=st.integers(-1, 9),
    text=texts,
    cares_for_hash=st.booleans(),
)
def test_any_change_to_any_block_is_found(
    position: int, field: str, other: int, text: str, cares_for_hash: bool
) -> None:
    """Even by somebody who computes the changed block's hash anew, as long as blocks follow."""
    chain = Chain()
    before = chain.blocks[position]
    value: Any = {"number": other, "at_ms": other, "digests": before.digests[:other]}.get(field, text)
    after = msgspec.structs.replace(before, **{field: value})
    if after == before:
        return
    if cares_for_hash and field != "hash":
        after = msgspec.structs.replace(after, hash=hash_of(after))
    chain.blocks[position] = after
    is_found = chain.first_break() is not None
    # The newest block is protected by nothing but whoever remembers its hash.
    is_newest_forged = cares_for_hash and position == N_BLOCKS - 1 and field in ("tenant_id", "at_ms")
    assert is_found or is_newest_forged


@given(position=positions, order=st.permutations(range(N_ENTRIES)))
def test_entries_in_another_order_removed_or_added_are_found(position: tuple[int, int], order: Sequence[int]) -> None:
    block, number = position
    reordered, removed, added = Chain(), Chain(), Chain()
    digests = chain_digests = reordered.blocks[block].digests
    digests = tuple(chain_digests[n] for n in order)
    reordered.blocks[block] = msgspec.structs.replace(reordered.blocks[block], digests=digests)
    del removed.entries[block][number]
    added.entries[block].insert(number, entry(99))

    assert (reordered.first_break() is None) == (digests == chain_digests)
    assert removed.first_break() == Break(block + 1, Fault.ENTRY_MISSING, f"e{block * N_ENTRIES + number:02}")
    assert added.first_break() == Break(block + 1, Fault.ENTRY_EXTRA, "e99")


@given(gone=st.integers(0, N_BLOCKS - 2), swapped=st.integers(0, N_BLOCKS - 2))
def test_blocks_removed_or_swapped_are_found(gone: int, swapped: int) -> None:
    shorter, other = Chain(), Chain()
    del shorter.blocks[gone], shorter.entries[gone]
    other.blocks[swapped : swapped + 2] = reversed(other.blocks[swapped : swapped + 2])
    other.entries[swapped : swapped + 2] = reversed(other.entries[swapped : swapped + 2])

    assert shorter.first_break() == Break(gone + 1, Fault.BLOCK_MISSING)
    assert other.first_break() == Break(swapped + 1, Fault.BLOCK_MISSING)


def test_an_entry_that_cannot_be_read_counts_as_changed() -> None:
    block = seal(GENESIS, "t", [entry(1)], 0)
    assert check_block(GENESIS, block, {"e01": None}) == Break(1, Fault.ENTRY_CHANGED, "e01")


def test_digests_and_hashes_never_change_from_one_release_to_the_next() -> None:
    """Old blocks must verify for ever: these were computed by other means."""
    block = seal(GENESIS, "t", [entry(1)], 5)
    assert digest_of(entry(1)) == "74a2bdd34adc99bc3ba56711b3426d163ff5c9bb70a88032639294a5e68eb0a7"
    assert block.hash == "39d92f140b28f11d7d8ad78e9a2d3ff2c211478b82db520e3ab47cf708c048e8"


def test_a_stretch_holds_at_least_one_block_and_otherwise_no_more_entries_than_asked_for() -> None:
    blocks = Chain().blocks
    assert [len(up_to(blocks, n)) for n in (0, 3, 5, 6, 99)] == [1, 1, 1, 2, 4]
