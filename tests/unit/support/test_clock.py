import pytest

from tests.support.clock import ManualClock


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock(now_ms=1_000)
    assert [clock.now_ms(), clock.now_ms()] == [1_000, 1_000]
    assert clock.advance(ms=5, seconds=1.5) == 2_505
    assert clock.now_ms() == 2_505


def test_a_manual_clock_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        ManualClock().advance(ms=-1)
