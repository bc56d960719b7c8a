"""What can be wrong with an expression."""

import decimal

from robot.errors import WorkflowError


class ExpressionError(WorkflowError):
    """An expression that is not allowed, or that has no value."""

    error_type = "EXPRESSION_ERROR"


class WorkLimitExceeded(ExpressionError):
    """An expression needed more work than it was given."""


def reason_of(error: Exception) -> str:
    """Returns what Python's own error means to the author of an expression."""
    if isinstance(error, ZeroDivisionError | decimal.DivisionByZero):
        return "division by zero"
    if isinstance(error, decimal.DecimalException | OverflowError):
        return "the number is too large or has no value"
    return str(error) or type(error).__name__
