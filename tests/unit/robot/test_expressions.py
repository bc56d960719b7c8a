from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.expressions import ExpressionError, evaluate

NAMES = {"x": 5, "row": {"net": "10.50", "tags": ["a", "b"]}, "rows": [{"n": 3}, {"n": 1}], "none": None}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-x + +2", -3),
        ("7 // 2 + 7 % 4", 6),
        ("2 ** 10", 1024),
        ("1 / 4", 0.25),
        ("'a' + 'b' * 2", "abb"),
        ("[1] + [2, 3]", [1, 2, 3]),
        ("(1, 2)", [1, 2]),
        ("{'a': x, 'b': [x]}", {"a": 5, "b": [5]}),
        ("row['tags'][-1]", "b"),
        ("row['tags'][0:1]", ["a"]),
        ("'abcd'[1:3]", "bc"),
        ("1 < x <= 5", True),
        ("x == 5 and x != 6", True),
        ("x > 9 or 'fallback'", "fallback"),
        ("not x", False),
        ("'yes' if x > 3 else 'no'", "yes"),
        ("'a' in row['tags'] and 'z' not in row['tags']", True),
        ("'net' in row", True),
        ("none is None and x is not None", True),
        ("true and not false and null is None", True),
    ],
)
def test_syntax_means_what_it_means_in_python(source: str, expected: Any) -> None:
    assert evaluate(source, NAMES) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("len('abc') + len([1]) + len({'a': 1})", 5),
        ("min(3, 1, 2) + max([3, 1, 2])", 4),
        ("sum([1, 2, 3])", 6),
        ("sum([decimal('0.1'), decimal('0.2')])", Decimal("0.3")),
        ("sorted([3, 1, 2])", [1, 2, 3]),
        ("sorted(rows, 'n')", [{"n": 1}, {"n": 3}]),
        ("any([0, 1]) and not all([0, 1])", True),
        ("abs(-3) + round(2.5) + round(2.567, 2)", 7.57),
        ("round(decimal('2.345'), 2)", Decimal("2.34")),
        ("round_half_up(decimal('2.345'), 2)", Decimal("2.35")),
        ("round_half_up('72.205', 2)", Decimal("72.21")),
        ("int('12') + int(3.9) + int(decimal('2.7'))", 17),
        ("float('1.5')", 1.5),
        ("bool([])", False),
        ("str(12) + str(decimal('1E+3')) + str(none) + str(true)", "121000true"),
        ("str([decimal('1.10'), 'é'])", '["1.10","é"]'),
        ("decimal(0.1) + decimal('0.2') == decimal('0.3')", True),
        ("is_decimal('1.5') and not is_decimal('') and not is_decimal('1,5') and not is_decimal(none)", True),
        ("upper('a') + lower('B') + strip('  c ')", "Abc"),
        ("starts_with('INV-1', 'INV') and ends_with('a.csv', '.csv')", True),
        ("replace('a-b-c', '-', '+')", "a+b+c"),
        ("split('a;b', ';')", ["a", "b"]),
        ("join(['a', 1, decimal('2.0')], '|')", "a|1|2.0"),
        ("append([1], 2)", [1, 2]),
        ("range(3) + range(1, 3)", [0, 1, 2, 1, 2]),
        ("get(row, 'missing', 'default')", "default"),
        ("put({'a': 1}, 'b', 2)", {"a": 1, "b": 2}),
        ("merge({'a': 1, 'b': 1}, {'b': 2})", {"a": 1, "b": 2}),
        ("keys({'a': 1}) + values({'a': 1})", ["a", 1]),
        ("date('2026-03-31')", date(2026, 3, 31)),
        ("date(2026, 3, 31) > date('2026-03-30')", True),
        ("is_date('2026-02-28') and not is_date('2026-02-30') and not is_date('31.12.2026')", True),
        ("days_between('2026-02-28', '2026-03-01')", 1),
        ("str(add_days('2026-12-31', 1))", "2027-01-01"),
        ("year('2026-03-31') + month('2026-03-31') + day('2026-03-31')", 2060),
    ],
)
def test_functions_return_what_they_promise(source: str, expected: Any) -> None:
    assert evaluate(source, NAMES) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("missing + 1", "no variable 'missing'"),
        ("nothing()", "no function nothing"),
        ("1 / 0", "division by zero"),
        ("decimal('1') / 0", "division by zero"),
        ("decimal('1.1') * 1.5", "do not mix"),
        ("decimal('1.1') == 1.1", "do not mix"),
        ("decimal('1.1') < 1.5", "do not mix"),
        ("decimal('12,50')", "not a decimal number"),
        ("decimal('NaN')", "not a decimal number"),
        ("row['gross']", "has no 'gross'"),
        ("row['tags'][2]", "no item 2"),
        ("x['a']", "has no items"),
        ("1 + 'a'", "cannot add"),
        ("date('2026-02-30')", "day is out of range"),
        ("date('2026-01-01') - date('2025-01-01')", "cannot subtract a date"),
        ("1 < 'a'", "have no order"),
        ("sorted([1, 'a'])", "have no order"),
        ("max([])", "nothing to choose from"),
        ("{1: 2}", "keys of a record are texts"),
        ("len()", "does not take 0 arguments"),
        ("1 +", "not an expression"),
        ("", "not an expression"),
        ("{{x}}", "by name, without"),
    ],
)
def test_an_error_says_what_is_wrong(source: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        evaluate(source, NAMES)


@given(st.lists(st.decimals(-(10**12), 10**12, places=2, allow_nan=False), max_size=30))
def test_sums_of_amounts_are_exact(amounts: list[Decimal]) -> None:
    cents = sum(int(amount.scaleb(2)) for amount in amounts)
    assert evaluate("sum(amounts) * 100", {"amounts": amounts}) == cents


def test_variables_are_never_changed() -> None:
    names = {"items": [1], "record": {"a": 1}}
    evaluate("append(items, 2) + [3] and put(record, 'b', 2)", names)
    assert names == {"items": [1], "record": {"a": 1}}
