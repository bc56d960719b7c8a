"""Lists."""

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from robot.expressions import numbers, operators
from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.expressions.functions.table import FunctionTable
from robot.values import kind_of

functions = FunctionTable()


def _list(budget: Budget, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ExpressionError(f"a list is needed, not {kind_of(value)}")
    budget.spend(len(value))
    return value


@functions.register("len")
def length(_budget: Budget, value: Any) -> int:
    """Returns how many characters, items or fields there are."""
    if not isinstance(value, str | list | dict):
        raise ExpressionError(f"{kind_of(value)} has no length")
    return len(value)


@functions.register("sum")
def total(budget: Budget, items: list[Any]) -> Any:
    """Returns the sum of the numbers, 0 when there are none."""
    result: Any = 0
    for item in _list(budget, items):
        if not numbers.is_number(item):
            raise ExpressionError(f"cannot add {kind_of(item)}")
        numbers.same_kind(result, item)
        result = numbers.bounded(result + item)
    return result


def _best(budget: Budget, arguments: tuple[Any, ...], is_better: Callable[[Any, Any], bool]) -> Any:
    candidates = _list(budget, arguments[0] if len(arguments) == 1 else list(arguments))
    if not candidates:
        raise ExpressionError("there is nothing to choose from")
    best = candidates[0]
    for candidate in candidates[1:]:
        operators.check_order(candidate, best)
        best = candidate if is_better(candidate, best) else best
    return best


@functions.register("min")
def least(budget: Budget, *arguments: Any) -> Any:
    """Returns the least item of a list, or of the arguments."""
    return _best(budget, arguments, lambda candidate, best: bool(candidate < best))


@functions.register("max")
def greatest(budget: Budget, *arguments: Any) -> Any:
    """Returns the greatest item of a list, or of the arguments."""
    return _best(budget, arguments, lambda candidate, best: bool(candidate > best))


@functions.register("sorted")
def in_order(budget: Budget, items: list[Any], key: str | None = None) -> list[Any]:
    """Returns the items in ascending order, records by their field `key`."""
    budget.spend(len(_list(budget, items)) * 20)

    def compared(left: Any, right: Any) -> int:
        if key is not None:
            left, right = operators.item_of(left, key), operators.item_of(right, key)
        operators.check_order(left, right)
        return int(left > right) - int(left < right)

    return sorted(items, key=cmp_to_key(compared))


@functions.register("any")
def any_of(budget: Budget, items: list[Any]) -> bool:
    """Returns whether at least one item is true."""
    return any(_list(budget, items))


@functions.register("all")
def all_of(budget: Budget, items: list[Any]) -> bool:
    """Returns whether every item is true."""
    return all(_list(budget, items))


@functions.register("append")
def append(budget: Budget, items: list[Any], item: Any) -> list[Any]:
    """Returns a new list with the item at its end."""
    if not isinstance(items, list):
        raise ExpressionError(f"a list is needed, not {kind_of(items)}")
    budget.list_of_length(len(items) + 1)
    return [*items, item]


@functions.register("range")
def whole_numbers(budget: Budget, start: int, stop: int | None = None) -> list[int]:
    """Returns the whole numbers from `start` up to but not including `stop`; from 0 when only one is given."""
    numbers_between = range(start) if stop is None else range(start, stop)
    budget.list_of_length(max(0, (numbers_between.stop - numbers_between.start)))
    return list(numbers_between)
