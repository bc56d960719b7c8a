"""Numbers: rounding and absolute value."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from robot.expressions import numbers
from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.expressions.functions.table import FunctionTable
from robot.values import kind_of

functions = FunctionTable()


@functions.register("round")
def round_half_even(_budget: Budget, value: Any, places: int = 0) -> Any:
    """Returns the number rounded half to even, as Python does; a decimal stays a decimal."""
    if isinstance(value, Decimal):
        return numbers.rounded(value, places, ROUND_HALF_EVEN)
    if not numbers.is_number(value) or abs(places) > numbers.MAX_DIGITS:
        raise ExpressionError(f"cannot round {kind_of(value)} to {places} places")
    return round(value, places) if places else round(value)


@functions.register("round_half_up")
def round_half_up(_budget: Budget, value: Any, places: int = 0) -> Decimal:
    """Returns a decimal rounded as invoices are: a half goes away from zero."""
    return numbers.rounded(value, places, ROUND_HALF_UP)


@functions.register("abs")
def absolute(_budget: Budget, value: Any) -> Any:
    """Returns the number without its sign."""
    if not numbers.is_number(value):
        raise ExpressionError(f"{kind_of(value)} has no sign")
    return abs(value)
