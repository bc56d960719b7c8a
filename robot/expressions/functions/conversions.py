"""From one kind of value to another, and the questions to ask before."""

from decimal import Decimal
from typing import Any

from robot.expressions import numbers
from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.expressions.functions.table import FunctionTable
from robot.values import kind_of, text_of

functions = FunctionTable()


@functions.register("decimal")
def to_decimal(_budget: Budget, value: Any) -> Decimal:
    """Returns the exact number a text such as `19.90` stands for."""
    return numbers.to_decimal(value)


@functions.register("is_decimal")
def is_decimal(_budget: Budget, value: Any) -> bool:
    """Returns whether decimal(value) would work."""
    try:
        numbers.to_decimal(value)
    except ExpressionError:
        return False
    return True


@functions.register("int")
def to_int(_budget: Budget, value: Any) -> int:
    """Returns the whole number, without what follows the point."""
    if isinstance(value, str) and len(value) <= 1_000:
        return int(numbers.bounded(int(value)))
    if numbers.is_number(value):
        return int(numbers.bounded(int(value)))
    raise ExpressionError(f"int() cannot read {kind_of(value)}")


@functions.register("float")
def to_float(_budget: Budget, value: Any) -> float:
    """Returns the nearest floating-point number."""
    if numbers.is_number(value) or (isinstance(value, str) and len(value) <= 1_000):
        return float(numbers.bounded(float(value)))
    raise ExpressionError(f"float() cannot read {kind_of(value)}")


@functions.register("bool")
def to_bool(_budget: Budget, value: Any) -> bool:
    """Returns false for nothing, zero and what is empty."""
    return bool(value)


@functions.register("str")
def to_text(budget: Budget, value: Any) -> str:
    """Returns the value as people read it; lists and records as JSON."""
    budget.spend_walk(value)
    return text_of(value)
