import pytest

from shared.kernel.json_limits import nesting_exceeds


@pytest.mark.parametrize("value", [None, 1, "text", True])
def test_a_plain_value_is_not_nested(value: object) -> None:
    assert not nesting_exceeds(value, 0)


@pytest.mark.parametrize("value", [{}, [], {"a": 1}, ["a", "b"]])
def test_a_container_is_one_level(value: object) -> None:
    assert nesting_exceeds(value, 0)
    assert not nesting_exceeds(value, 1)


def test_the_deepest_branch_decides() -> None:
    value = {"shallow": [1, 2], "deep": [{"a": [{}]}, 3]}
    assert nesting_exceeds(value, 4)
    assert not nesting_exceeds(value, 5)


def test_any_depth_is_measured_without_exhausting_the_stack() -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    assert nesting_exceeds(value, 64)
    while isinstance(value, list):  # taken apart from outside: freeing it at once would recurse
        value = value.pop()
