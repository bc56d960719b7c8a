"""Token buckets in memory, with time set by hand."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.rate_limits import InProcessBuckets, Limit
from tests.support.clock import ManualClock

MINUTE = Limit("minute", capacity=60)


def buckets_at(clock: ManualClock, max_buckets: int = 1000) -> InProcessBuckets:
    return InProcessBuckets(max_buckets=max_buckets, monotonic_ns=lambda: clock.now_ms() * 1_000_000)


async def test_tokens_come_back_evenly_over_the_period() -> None:
    clock = ManualClock()
    buckets = buckets_at(clock)
    assert all([(await buckets.take("key", MINUTE)).allowed for _ in range(60)])
    clock.advance(ms=999)
    assert not (await buckets.take("key", MINUTE)).allowed
    clock.advance(ms=1)
    assert (await buckets.take("key", MINUTE)).allowed
    assert not (await buckets.take("key", MINUTE)).allowed
    clock.advance(seconds=30)
    assert (await buckets.take("key", MINUTE)).remaining == 29


async def test_the_headers_numbers_are_rounded_up_to_whole_seconds() -> None:
    clock = ManualClock()
    buckets = buckets_at(clock)
    for _ in range(59):
        await buckets.take("key", MINUTE)
    last = await buckets.take("key", MINUTE)
    assert (last.allowed, last.remaining, last.reset_seconds, last.retry_after_seconds) == (True, 0, 60, 0)
    clock.advance(ms=1)
    refusal = await buckets.take("key", MINUTE)
    assert (refusal.allowed, refusal.remaining, refusal.reset_seconds, refusal.retry_after_seconds) == (False, 0, 60, 1)


async def test_full_buckets_are_forgotten() -> None:
    clock = ManualClock()
    buckets = buckets_at(clock)
    for n in range(100):
        await buckets.take(f"key {n}", MINUTE)
    assert len(buckets) == 100
    clock.advance(seconds=1)
    for _ in range(100):
        await buckets.take("other", MINUTE)
    assert len(buckets) == 1


async def test_a_flood_of_keys_takes_bounded_memory_and_spares_keys_in_use() -> None:
    clock = ManualClock()
    buckets = buckets_at(clock, max_buckets=100)
    for n in range(10_000):
        await buckets.take(f"made up {n}", MINUTE)
        if n % 50 == 0 and n < 50 * 60:
            assert (await buckets.take("in use", MINUTE)).allowed
        elif n % 50 == 0:
            assert not (await buckets.take("in use", MINUTE)).allowed
        assert len(buckets) <= 100


async def test_a_key_that_is_new_is_limited_even_when_a_flood_has_taken_all_the_memory() -> None:
    buckets = buckets_at(ManualClock(), max_buckets=100)
    for n in range(1000):
        await buckets.take(f"made up {n}", MINUTE)
    assert [(await buckets.take("new", MINUTE)).remaining for _ in range(3)] == [59, 58, 57]


@given(
    capacity=st.integers(1, 20),
    period_ms=st.integers(100, 100_000),
    steps_ms=st.lists(st.one_of(st.just(0), st.integers(0, 20_000)), min_size=1, max_size=200),
)
async def test_in_every_stretch_of_time_no_more_is_allowed_than_a_full_bucket_and_its_refill(
    capacity: int, period_ms: int, steps_ms: list[int]
) -> None:
    clock = ManualClock()
    buckets, limit = buckets_at(clock), Limit("any", capacity, period_ms / 1000)
    allowed_at: list[int] = []
    for step_ms in steps_ms:
        clock.advance(ms=step_ms)
        if (await buckets.take("key", limit)).allowed:
            allowed_at.append(clock.now_ms())
    for first, begin in enumerate(allowed_at):
        for count, end in enumerate(allowed_at[first:], start=1):
            assert count * limit.token_us <= limit.drained_us + (end - begin) * 1000
