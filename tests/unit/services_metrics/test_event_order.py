"""A tenant's events in order, whatever becomes of their announcements."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.domain.activity import ActivityEntry
from services.metrics.domain.numbering import numbered, stored_ranges
from services.metrics.domain.sequence import VOID_AFTER_SECONDS, InOrder, Numbers, StoredRange

LONGEST_WRITE_SECONDS = 5.0


def entry(seq: int) -> ActivityEntry:
    return ActivityEntry(f"e-{seq}", "t", "x", 0, "{}", seq=seq)


def stored(first: int, last: int, *missing: int) -> StoredRange:
    entries = tuple(entry(seq) for seq in range(first, last + 1) if seq not in missing)
    return StoredRange(tenant_id="t", first=first, last=last, entries=entries)


def seqs(entries: list[ActivityEntry]) -> list[int]:
    return [each.seq for each in entries]


def test_what_is_announced_in_order_is_handed_out_at_once() -> None:
    order = InOrder(0)
    order.offer(stored(1, 2), now=0)
    assert seqs(order.take()) == [1, 2]
    order.offer(stored(3, 3), now=0)
    assert seqs(order.take()) == [3]
    assert (order.take(), order.position, order.gap()) == ([], 3, None)


def test_what_comes_too_early_waits_for_what_is_missing() -> None:
    order = InOrder(0)
    order.offer(stored(4, 5), now=0)
    order.offer(stored(3, 3), now=0)
    assert (order.take(), order.gap()) == ([], Numbers(1, 2))
    order.offer(stored(1, 2), now=0)
    assert seqs(order.take()) == [1, 2, 3, 4, 5]


def test_numbers_that_the_writer_says_are_void_are_not_waited_for() -> None:
    order = InOrder(0)
    order.offer(stored(1, 4, 2, 4), now=0)
    assert (seqs(order.take()), order.position) == ([1, 3], 4)


def test_what_was_handed_out_already_is_not_again() -> None:
    order = InOrder(2)
    order.offer(stored(1, 4), now=0)
    assert seqs(order.take()) == [3, 4]
    order.offer(stored(1, 4), now=0)
    assert (order.take(), order.gap()) == ([], None)


def test_a_lost_announcement_is_made_up_for_by_the_store() -> None:
    order = InOrder(0)
    order.note(3, now=0)
    assert order.gap() == Numbers(1, 3)
    assert seqs(order.fill(Numbers(1, 3), [entry(1), entry(2)], now=0)) == [1, 2]
    assert order.gap() == Numbers(3, 3)


def test_a_number_counts_as_void_only_when_no_write_can_be_under_way() -> None:
    order = InOrder(0)
    order.note(1, now=0)
    order.offer(stored(2, 2), now=1)
    assert order.fill(Numbers(1, 1), [], now=VOID_AFTER_SECONDS - 0.1) == []
    assert seqs(order.fill(Numbers(1, 1), [], now=VOID_AFTER_SECONDS)) == [2]


def test_each_tenants_entries_of_a_write_get_its_next_numbers() -> None:
    entries = [ActivityEntry(f"e{n}", tenant, "x", 0, "{}") for n, tenant in enumerate("abba")]
    group = numbered(entries, {"a": 7, "b": 1})
    assert [each.seq for each in group] == [7, 1, 2, 8]
    of_a, of_b = stored_ranges(group, [True, False, True, True])
    assert (of_a.first, of_a.last, [each.event_id for each in of_a.entries]) == (7, 8, ["e0", "e3"])
    assert (of_b.first, of_b.last, [each.event_id for each in of_b.entries]) == (1, 2, ["e2"])


@dataclass
class World:
    """Writers, a store, and what is announced of it; time passes only by `pass_time`."""

    now: float = 0.0
    last: int = 0
    under_way: list[tuple[float, int, int]] = field(default_factory=list)
    """When they began, and their numbers."""
    in_store: dict[int, ActivityEntry] = field(default_factory=dict)
    announced: list[StoredRange] = field(default_factory=list)
    order: InOrder = field(default_factory=lambda: InOrder(0))
    seen: list[int] = field(default_factory=list)

    def reserve(self, n_numbers: int) -> None:
        self.under_way.append((self.now, self.last + 1, self.last + n_numbers))
        self.last += n_numbers

    def store(self, choice: int) -> None:
        """One of the writes happens; every third number was of an event that is stored already."""
        if self.under_way:
            _, first, last = self.under_way.pop(choice % len(self.under_way))
            written = stored(first, last, *(seq for seq in range(first, last + 1) if seq % 3 == 0))
            self.in_store |= {each.seq: each for each in written.entries}
            self.announced.append(written)

    def hear(self, choice: int) -> None:
        """An announcement comes, perhaps again, perhaps late."""
        if self.announced:
            self.order.offer(self.announced[choice % len(self.announced)], self.now)
            self.seen += seqs(self.order.take())

    def look(self, _: int) -> None:
        self.order.note(self.last, self.now)
        gap = self.order.gap()
        if gap is not None:
            found = [self.in_store[seq] for seq in range(gap.first, gap.last + 1) if seq in self.in_store]
            self.seen += seqs(self.order.fill(gap, found, self.now))

    def pass_time(self, seconds: int) -> None:
        """Whatever write takes too long never happens: its process died, or gave up."""
        self.now += seconds
        self.under_way = [write for write in self.under_way if self.now - write[0] < LONGEST_WRITE_SECONDS]


steps = st.tuples(
    st.sampled_from(["reserve", "store", "store", "hear", "hear", "look", "pass_time"]), st.integers(1, 4)
)


@settings(max_examples=500, deadline=None)
@given(st.lists(steps, max_size=60))
def test_whatever_happens_each_stored_event_is_handed_out_once_in_order(taken: list[tuple[str, int]]) -> None:
    world = World()
    for step, number in taken:
        getattr(world, step)(number)
        assert world.seen == sorted(set(world.seen))
    world.look(0)
    for _ in range(len(taken) + 2):
        world.pass_time(int(VOID_AFTER_SECONDS) + 1)
        world.look(0)
    assert world.seen == sorted(world.in_store)
    assert (world.order.position, world.order.gap()) == (world.last, None)
