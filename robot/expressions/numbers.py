"""Exact, bounded arithmetic."""

import decimal
import math
from decimal import Decimal
from typing import Any, TypeGuard

from robot.expressions.budget import MAX_INTEGER_BITS
from robot.expressions.errors import ExpressionError

MAX_DIGITS = 50
EXACT = decimal.Context(
    prec=MAX_DIGITS,
    Emax=999,
    Emin=-999,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)

Number = int | float | Decimal


def is_number(value: object) -> TypeGuard[Number]:
    """Returns whether arithmetic accepts the value."""
    return isinstance(value, int | float | Decimal)


def same_kind(*values: object) -> None:
    """Raises ExpressionError where a decimal meets a float: their arithmetic would not be exact."""
    kinds = {type(value) for value in values}
    if Decimal in kinds and float in kinds:
        raise ExpressionError("a decimal and a floating-point number do not mix: put decimal() around the other")


def bounded(value: Any) -> Any:
    """Returns a number within the limits. Raises ExpressionError for one that is too large, infinite or complex."""
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise ExpressionError(f"a whole number would have more than {MAX_INTEGER_BITS:,} bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("the result is not a finite number")
    if isinstance(value, complex):
        raise ExpressionError("the result is not a real number")
    return value


def to_decimal(value: object) -> Decimal:
    """Returns the exact decimal a text or number stands for; a float counts as its shortest notation, 0.1 as 0.1."""
    if isinstance(value, float):
        value = repr(bounded(value))
    if isinstance(value, int):
        return EXACT.create_decimal(bounded(value))
    if isinstance(value, str):
        return _parse(value.strip())
    if isinstance(value, Decimal):
        return value
    raise ExpressionError("decimal() takes a number or a text")


def _parse(text: str) -> Decimal:
    if len(text) > 2 * MAX_DIGITS or not text.isascii() or "_" in text:
        raise ExpressionError(f"not a decimal number: {text[:40]!r}")
    try:
        value = EXACT.create_decimal(text)
        exact = value == Decimal(text)
    except ArithmeticError as error:
        raise ExpressionError(f"not a decimal number: {text[:40]!r}") from error
    if not exact or not value.is_finite():
        raise ExpressionError(f"not a decimal number of at most {MAX_DIGITS} digits: {text[:40]!r}")
    return value


def power(base: Number, exponent: Number) -> Any:
    """Returns base ** exponent, refusing what would be huge before it is computed."""
    if isinstance(base, int) and isinstance(exponent, int):
        if exponent > 0 and base.bit_length() * exponent > MAX_INTEGER_BITS:
            raise ExpressionError(f"a whole number would have more than {MAX_INTEGER_BITS:,} bits")
        return bounded(base**exponent)
    if isinstance(base, Decimal) or isinstance(exponent, Decimal):
        return EXACT.power(to_decimal(base), to_decimal(exponent))
    return bounded(base**exponent)


def times(left: Any, right: Any) -> Any:
    """Returns left * right, refusing what would be huge before it is computed."""
    both_whole = isinstance(left, int) and isinstance(right, int)
    if both_whole and left.bit_length() + right.bit_length() > MAX_INTEGER_BITS + 1:
        raise ExpressionError(f"a whole number would have more than {MAX_INTEGER_BITS:,} bits")
    return bounded(left * right)


def rounded(value: Number, places: int, rounding: str) -> Decimal:
    """Returns the number with exactly `places` decimals; rounding as in the decimal module."""
    if not 0 <= places <= MAX_DIGITS:
        raise ExpressionError(f"decimals to keep are 0 to {MAX_DIGITS}")
    return to_decimal(value).quantize(Decimal(1).scaleb(-places), rounding=rounding, context=EXACT)
