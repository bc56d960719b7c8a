"""The table functions are looked up in."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError, reason_of


class Function:
    """A Python function `(budget, *arguments)` under the name expressions use."""

    def __init__(self, name: str, code: Callable[..., Any]) -> None:
        self.name = name
        self._code = code
        parameters = list(inspect.signature(code).parameters.values())[1:]
        self._least = sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters)
        self._most = None if any(p.kind is p.VAR_POSITIONAL for p in parameters) else len(parameters)

    def __call__(self, budget: Budget, arguments: list[Any]) -> Any:
        """Returns what the function returns. Raises ExpressionError, naming the function."""
        if len(arguments) < self._least or (self._most is not None and len(arguments) > self._most):
            raise ExpressionError(f"{self.name}() does not take {len(arguments)} arguments")
        try:
            return self._code(budget, *arguments)
        except (ArithmeticError, TypeError, ValueError, LookupError) as error:
            raise ExpressionError(f"{self.name}(): {reason_of(error)}") from error


class FunctionTable:
    """Functions by name."""

    def __init__(self, functions: Iterable[Function] = ()) -> None:
        self._functions = {function.name: function for function in functions}

    @classmethod
    def of(cls, *tables: "FunctionTable") -> "FunctionTable":
        """Returns one table with the functions of all; a later one replaces an earlier one of the same name."""
        return cls(function for table in tables for function in table)

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def get(self, name: str) -> Function:
        """Returns the function. Raises ExpressionError when there is none of that name."""
        if name not in self._functions:
            raise ExpressionError(f"there is no function {name}()")
        return self._functions[name]

    def register(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Returns a decorator that puts a function into the table under `name`."""

        def put(code: Callable[..., Any]) -> Callable[..., Any]:
            self._functions[name] = Function(name, code)
            return code

        return put
