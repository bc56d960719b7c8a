"""Expressions of a workflow: a small, total part of Python's expression syntax.

Literals, names, indexing and slices, arithmetic, comparison, `and`/`or`/`not`, `a if c else b`, lists, records and
calls of the functions in `robot.expressions.functions`. No attributes, comprehensions, lambdas or assignments, so
nothing of the interpreter can be reached. Source, numbers, texts, lists and the work done are all bounded.

Arithmetic with decimals is exact to 50 digits. A decimal and a float are never mixed: `decimal(x)` first.
"""

from robot.expressions.errors import ExpressionError, WorkLimitExceeded
from robot.expressions.evaluator import INLINE_WORK, MAX_WORK, evaluate

__all__ = ["INLINE_WORK", "MAX_WORK", "ExpressionError", "WorkLimitExceeded", "evaluate"]
