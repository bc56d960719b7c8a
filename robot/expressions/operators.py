"""What the operators of an expression do, by the kinds of their operands."""

import ast
import operator
from collections.abc import Callable
from datetime import date
from typing import Any

from robot.expressions import numbers
from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.values import kind_of

_ARITHMETIC: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("add", operator.add),
    ast.Sub: ("subtract", operator.sub),
    ast.Mult: ("multiply", numbers.times),
    ast.Div: ("divide", operator.truediv),
    ast.FloorDiv: ("divide", operator.floordiv),
    ast.Mod: ("divide", operator.mod),
    ast.Pow: ("raise", numbers.power),
}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def binary(op: ast.operator, left: Any, right: Any, budget: Budget) -> Any:
    """Returns `left op right`. Raises ExpressionError for operands that do not fit or a result too large."""
    verb, compute = _ARITHMETIC[type(op)]
    if numbers.is_number(left) and numbers.is_number(right):
        numbers.same_kind(left, right)
        return numbers.bounded(compute(left, right))
    if isinstance(op, ast.Add) and type(left) is type(right) and isinstance(left, str | list):
        _allow(left, len(left) + len(right), budget)
        return left + right
    if isinstance(op, ast.Mult) and isinstance(left, str | list) and isinstance(right, int):
        _allow(left, len(left) * max(right, 0), budget)
        return left * right
    raise ExpressionError(f"cannot {verb} {kind_of(left)} and {kind_of(right)}")


def _allow(like: str | list[Any], length: int, budget: Budget) -> None:
    if isinstance(like, str):
        budget.text_of_length(length)
    else:
        budget.list_of_length(length)


def compare(op: ast.cmpop, left: Any, right: Any, budget: Budget) -> bool:
    """Returns `left op right`. Texts, dates and numbers have an order; everything can be equal."""
    if isinstance(op, ast.In | ast.NotIn):
        return contains(right, left, budget) is isinstance(op, ast.In)
    if isinstance(op, ast.Is | ast.IsNot):
        return (left is None) is isinstance(op, ast.Is)
    numbers.same_kind(left, right)
    if isinstance(op, ast.Eq | ast.NotEq):
        return equal(left, right, budget) is isinstance(op, ast.Eq)
    check_order(left, right)
    return _ORDER[type(op)](left, right)


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """Returns whether both are the same value; the cost of looking is spent first."""
    if isinstance(left, list | dict | str) and isinstance(right, list | dict | str):
        budget.spend_walk(left, right)
    return bool(left == right)


def contains(container: Any, item: Any, budget: Budget) -> bool:
    """Returns whether the text, list or record (by key) contains the item."""
    if isinstance(container, dict) and isinstance(item, str):
        return item in container
    if isinstance(container, str) and isinstance(item, str):
        budget.text_of_length(len(container) + len(item))
        return item in container
    if isinstance(container, list):
        budget.spend_walk(container, item)
        return item in container
    raise ExpressionError(f"cannot look for {kind_of(item)} in {kind_of(container)}")


def check_order(left: Any, right: Any) -> None:
    """Raises ExpressionError unless one of the two comes first."""
    numbers.same_kind(left, right)
    both_numbers = numbers.is_number(left) and numbers.is_number(right)
    if not (both_numbers or any(isinstance(left, t) and isinstance(right, t) for t in (str, date))):
        raise ExpressionError(f"{kind_of(left)} and {kind_of(right)} have no order")


def item_of(container: Any, key: Any) -> Any:
    """Returns `container[key]`. Raises ExpressionError when there is no such item."""
    if isinstance(container, dict):
        if isinstance(key, str) and key in container:
            return container[key]
        raise ExpressionError(f"the record has no {str(key)[:80]!r}")
    if isinstance(container, list | str) and isinstance(key, int):
        if -len(container) <= key < len(container):
            return container[key]
        raise ExpressionError(f"there is no item {key} in {kind_of(container)} of {len(container)}")
    raise ExpressionError(f"{kind_of(container)} has no items by {kind_of(key)}")
