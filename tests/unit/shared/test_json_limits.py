"""What JSON from users must not do."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.json_limits import nesting_exceeds, repeats_names


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


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": [{"c": 1, "c" : {}}]}}',
        b'[{"": 0, "": 0}]',
        b'{"\\u0061": 1, "a": 2}',
        b'{"a\\"b": 1, "a\\"b": 1}',
    ],
)
def test_a_name_that_comes_twice_in_one_object_is_noticed(text: bytes) -> None:
    assert repeats_names(text, msgspec.json.decode(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": {"a": [{"a": 1}, {"a": 2}]}}',
        b'["x", ":y", "a:", "\\":", "{\\"a\\":1,\\"a\\":2}"]',
        b'{"a": "b", "c": "a\\\\", "d": ":"}',
        b"[]",
        b'"a"',
    ],
)
def test_names_that_differ_or_stand_in_texts_are_no_repetition(text: bytes) -> None:
    assert not repeats_names(text, msgspec.json.decode(text))


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_value_that_was_written_once_repeats_a_name(value: object) -> None:
    assert not repeats_names(msgspec.json.encode(value), value)
