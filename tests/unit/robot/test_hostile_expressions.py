import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.expressions import ExpressionError, WorkLimitExceeded, evaluate


def _unfolding_list() -> list[Any]:
    nested: list[Any] = ["x"]
    for _ in range(50):
        nested = [nested, nested]
    return nested


def _deep_list() -> list[Any]:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return nested


NAMES = {"x": 1, "text": "a" * 1_000_000, "unfolding": _unfolding_list(), "deep": _deep_list()}


@pytest.mark.parametrize(
    "source",
    [
        "().__class__.__bases__[0].__subclasses__()",
        "x.__class__",
        "'{0.__class__}'.format(x)",
        "__import__('os').system('true')",
        "eval('1')",
        "getattr(x, 'real')",
        "len.__self__",
        "(lambda: 1)()",
        "[y for y in [1]]",
        "{y for y in [1]}",
        "(y := 1)",
        "f'{x!r}'",
        "'%s' % x",
        "b'bytes'",
        "1j",
        "...",
        "len(*[1])",
        "sorted([1], key=len)",
        "[len][0]([1])",
        "x if x else (yield)",
        "await x",
        "{**{'a': 1}}",
        "[*[1]]",
        "x is 1",
        "x @ x",
        "x << 10",
        "~x",
        "x\x00",
        "import os",
        "x; x",
    ],
)
def test_nothing_of_the_interpreter_can_be_reached(source: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(source, NAMES)


@pytest.mark.parametrize(
    "source",
    [
        "9 ** 9 ** 9",
        "2 ** 100000",
        "(2 ** 4000) * (2 ** 4000)",
        "decimal('9.9') ** decimal('1e30')",
        "decimal('1e999999999')",
        "int('9' * 1000) ** 2",
        "int('9' * 100000)",
        "10.0 ** 400",
        "1e999",
        "float('inf')",
        "(-1) ** 0.5",
        "'a' * 10 ** 9",
        "text + text",
        "[0] * 10 ** 8",
        "range(10 ** 12)",
        "replace(text, 'a', text)",
        "join([text, text], '')",
        "split(text, 'a')",
        "str(unfolding)",
        "unfolding == [unfolding]",
        "'x' in unfolding",
        "str(deep)",
        "deep == [deep]",
        "join(deep)",
        "round(decimal('1.5'), 10 ** 9)",
        "round_half_up(1, -5)",
    ],
)
def test_what_would_be_huge_is_refused_before_it_is_made(source: str) -> None:
    started = time.process_time()
    with pytest.raises(ExpressionError):
        evaluate(source, NAMES)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "source",
    [
        "(" * 500 + "1" + ")" * 500,
        "-" * 3_900 + "1",
        "1" + "+1" * 900,
        "[" * 150 + "]" * 150,
        "x" * 10_000,
        "9" * 3_999,
    ],
    ids=["parentheses", "signs", "sums", "lists", "length", "digits"],
)
def test_deep_and_long_sources_are_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(source, NAMES)


def test_work_is_counted() -> None:
    with pytest.raises(WorkLimitExceeded):
        evaluate("sum(numbers)", {"numbers": list(range(1_000))}, work=500)


@given(st.text(alphabet="x1.+-*/%()[]{}'\",:<>=!andorifelsec_ \n", max_size=60))
def test_any_text_is_a_value_or_an_expression_error(source: str) -> None:
    try:
        value = evaluate(source, {"x": 1})
    except ExpressionError:
        return
    assert value is None or isinstance(value, int | float | str | list | dict)
