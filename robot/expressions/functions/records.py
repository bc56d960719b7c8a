"""Records: texts to values."""

from typing import Any

from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError
from robot.expressions.functions.table import FunctionTable
from robot.values import kind_of

functions = FunctionTable()


def _record(budget: Budget, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ExpressionError(f"a record is needed, not {kind_of(value)}")
    budget.list_of_length(len(value) + 1)
    return value


def _key(value: Any) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"the keys of a record are texts, not {kind_of(value)}")
    return value


@functions.register("get")
def get(_budget: Budget, record: Any, key: Any, default: Any = None) -> Any:
    """Returns the field, or `default` when there is none."""
    if not isinstance(record, dict):
        raise ExpressionError(f"a record is needed, not {kind_of(record)}")
    return record.get(_key(key), default)


@functions.register("put")
def put(budget: Budget, record: Any, key: Any, value: Any) -> dict[str, Any]:
    """Returns a new record with the field set."""
    return {**_record(budget, record), _key(key): value}


@functions.register("merge")
def merge(budget: Budget, left: Any, right: Any) -> dict[str, Any]:
    """Returns a new record with the fields of both; the right one's win."""
    budget.list_of_length(len(_record(budget, left)) + len(_record(budget, right)))
    return {**left, **right}


@functions.register("keys")
def keys(budget: Budget, record: Any) -> list[str]:
    """Returns the names of the fields."""
    return list(_record(budget, record))


@functions.register("values")
def values(budget: Budget, record: Any) -> list[Any]:
    """Returns the values of the fields."""
    return list(_record(budget, record).values())
