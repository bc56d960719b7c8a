"""How often the client looks at jobs."""

import random

import pytest

from casare._pacing import FIRST_SECONDS, LONGEST_SECONDS, Allowance, Pace


def test_pauses_grow_from_a_short_one_and_vary_by_chance() -> None:
    pace = Pace(random.Random(1))
    pauses = [pace.next_seconds() for _ in range(20)]
    assert pauses[0] <= FIRST_SECONDS * 1.25
    assert all(LONGEST_SECONDS * 0.75 <= pause <= LONGEST_SECONDS * 1.25 for pause in pauses[10:])
    assert len(set(pauses)) == len(pauses)
    pace.reset()
    assert pace.next_seconds() <= FIRST_SECONDS * 1.25


@pytest.mark.parametrize(("n_pages", "n_details"), [(1, 0), (2, 0), (40, 0), (0, 1), (0, 2), (0, 20), (1, 20)])
def test_looks_keep_within_the_servers_limits(n_pages: int, n_details: int) -> None:
    allowance, now, n_looks = Allowance(), 0.0, 0
    while now < 600:
        n_looks += 1
        now = max(now, allowance.rest_until(now, n_pages=n_pages, n_details=n_details))
        now += 0.001
    assert n_looks * n_pages <= 10 * 60 + 70
    assert n_looks * n_details <= 10 * 120 + 140


def test_a_short_wait_need_not_rest() -> None:
    allowance = Allowance()
    assert all(allowance.rest_until(now / 5, n_pages=1, n_details=0) <= now / 5 for now in range(10))


def test_calls_that_were_not_made_are_not_saved_up() -> None:
    allowance = Allowance()
    allowance.rest_until(0.0, n_pages=1, n_details=0)
    assert allowance.rest_until(1000.0, n_pages=30, n_details=0) == 1020.0
