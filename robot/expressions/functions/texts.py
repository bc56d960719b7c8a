"""Texts."""

from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.expressions.functions.table import FunctionTable
from robot.values import kind_of, text_of

functions = FunctionTable()


def _texts(budget: Budget, *values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise ExpressionError(f"a text is needed, not {kind_of(value)}")
        budget.text_of_length(len(value))


@functions.register("upper")
def upper(budget: Budget, text: str) -> str:
    """Returns the text in capitals."""
    _texts(budget, text)
    return text.upper()


@functions.register("lower")
def lower(budget: Budget, text: str) -> str:
    """Returns the text in small letters."""
    _texts(budget, text)
    return text.lower()


@functions.register("strip")
def strip(budget: Budget, text: str) -> str:
    """Returns the text without white space at either end."""
    _texts(budget, text)
    return text.strip()


@functions.register("starts_with")
def starts_with(budget: Budget, text: str, start: str) -> bool:
    """Returns whether the text begins with `start`."""
    _texts(budget, text, start)
    return text.startswith(start)


@functions.register("ends_with")
def ends_with(budget: Budget, text: str, end: str) -> bool:
    """Returns whether the text ends with `end`."""
    _texts(budget, text, end)
    return text.endswith(end)


@functions.register("replace")
def replace(budget: Budget, text: str, old: str, new: str) -> str:
    """Returns the text with every `old` replaced by `new`."""
    _texts(budget, text, old, new)
    budget.text_of_length(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new)


@functions.register("split")
def split(budget: Budget, text: str, separator: str = ",") -> list[str]:
    """Returns the parts between the separators."""
    _texts(budget, text, separator)
    budget.list_of_length(text.count(separator) + 1)
    return text.split(separator)


@functions.register("join")
def join(budget: Budget, items: list[object], separator: str = ", ") -> str:
    """Returns the items as one text."""
    _texts(budget, separator)
    if not isinstance(items, list):
        raise ExpressionError(f"a list is needed, not {kind_of(items)}")
    budget.spend_walk(items)
    budget.text_of_length(len(separator) * len(items))
    return separator.join(text_of(item) for item in items)
