"""Percentiles from buckets."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain.facts import LONGEST_DURATION_MS
from services.metrics.domain.sketch import Sketch

PERCENTS = (1, 50, 90, 99, 100)
durations = st.one_of(
    st.integers(0, 50), st.integers(0, 100_000), st.integers(0, LONGEST_DURATION_MS)
)  # small ones are where rounding could hurt


def exact(values: Sequence[int], percent: int) -> int:
    """The nearest-rank percentile."""
    return sorted(values)[math.ceil(percent * len(values) / 100) - 1] if values else 0


def is_close(found: int, wanted: int) -> bool:
    return abs(found - wanted) <= 0.02 * wanted


@given(st.lists(durations, max_size=60))
def test_percentiles_are_within_two_percent_of_the_exact_ones(values: list[int]) -> None:
    sketch = Sketch().plus(values)
    for percent in PERCENTS:
        assert is_close(sketch.percentile(percent), exact(values, percent))


@given(st.lists(st.lists(durations, max_size=8), max_size=8), st.randoms(use_true_random=False))
def test_merging_in_any_order_and_grouping_is_adding_all_at_once(parts: list[list[int]], chance: random.Random) -> None:
    whole = Sketch().plus([value for part in parts for value in part]).to_json()
    sketches = [Sketch().plus(part) for part in parts]
    chance.shuffle(sketches)
    cut = chance.randint(0, len(sketches))
    grouped = [Sketch.merged(sketches[:cut]), Sketch.merged(sketches[cut:])]
    assert Sketch.merged(grouped).to_json() == Sketch.merged(sketches).to_json() == whole
    one_by_one = Sketch()
    for part in parts:
        for value in part:
            one_by_one = one_by_one.plus([value])
    assert one_by_one.to_json() == whole


@given(st.lists(durations, max_size=30))
def test_the_text_holds_all_that_the_sketch_knows(values: list[int]) -> None:
    sketch = Sketch().plus(values)
    again = Sketch.from_json(sketch.to_json())
    assert again.to_json() == sketch.to_json()
    assert [again.percentile(p) for p in PERCENTS] == [sketch.percentile(p) for p in PERCENTS]


@pytest.mark.parametrize("value", [0, 1, 2, 10, 49, 50, 99, 1_000, 90_000, LONGEST_DURATION_MS])
def test_one_duration_is_every_percentile(value: int) -> None:
    sketch = Sketch().plus([value])
    assert all(is_close(sketch.percentile(percent), value) for percent in PERCENTS)


def test_no_durations_have_percentile_zero() -> None:
    assert Sketch().percentile(99) == 0


def test_a_million_different_durations_need_few_buckets() -> None:
    sketch = Sketch().plus(int(1.00003**n) for n in range(0, 1_000_000, 7) if 1.00003**n < LONGEST_DURATION_MS)
    assert len(sketch.to_json()) < 20_000
