"""Computes a checked syntax tree."""

import ast
from collections.abc import Callable, Mapping
from decimal import localcontext
from typing import Any

from robot.expressions import operators
from robot.expressions.budget import Budget
from robot.expressions.errors import ExpressionError, reason_of
from robot.expressions.functions import FUNCTIONS, FunctionTable
from robot.expressions.grammar import parse
from robot.expressions.numbers import EXACT, bounded, is_number
from robot.values import kind_of

INLINE_WORK = 20_000
MAX_WORK = 1_000_000

_WORDS = {"true": True, "false": False, "null": None}


def evaluate(
    source: str,
    names: Mapping[str, Any],
    *,
    functions: FunctionTable = FUNCTIONS,
    work: int = MAX_WORK,
) -> Any:
    """Returns the value of `source`; `names` are read only.

    Raises WorkLimitExceeded beyond `work` units, ExpressionError for everything else that goes wrong.
    """
    tree = parse(source)
    with localcontext(EXACT):
        try:
            return _Evaluation(names, functions, Budget(work)).value(tree)
        except (ArithmeticError, TypeError, ValueError, LookupError, RecursionError) as error:
            raise ExpressionError(reason_of(error)) from error


class _Evaluation:
    def __init__(self, names: Mapping[str, Any], functions: FunctionTable, budget: Budget) -> None:
        self._names = names
        self._functions = functions
        self._budget = budget

    def value(self, node: ast.expr) -> Any:
        self._budget.spend()
        return _RULES[type(node)](self, node)

    def constant(self, node: ast.Constant) -> Any:
        return bounded(node.value)

    def name(self, node: ast.Name) -> Any:
        if node.id in self._names:
            return self._names[node.id]
        if node.id in _WORDS:
            return _WORDS[node.id]
        raise ExpressionError(f"there is no variable {node.id!r}")

    def items(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self.value(item) for item in node.elts]

    def record(self, node: ast.Dict) -> dict[str, Any]:
        record = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            key = None if key_node is None else self.value(key_node)
            if not isinstance(key, str):
                raise ExpressionError("the keys of a record are texts")
            record[key] = self.value(value_node)
        return record

    def subscript(self, node: ast.Subscript) -> Any:
        container = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return self._sliced(container, node.slice)
        return operators.item_of(container, self.value(node.slice))

    def _sliced(self, container: Any, part: ast.Slice) -> Any:
        if not isinstance(container, list | str):
            raise ExpressionError(f"{kind_of(container)} has no parts")
        self._budget.spend(len(container) // 8)
        bounds = (None if bound is None else self.value(bound) for bound in (part.lower, part.upper, part.step))
        return container[slice(*bounds)]

    def call(self, node: ast.Call) -> Any:
        assert isinstance(node.func, ast.Name)
        function = self._functions.get(node.func.id)
        return function(self._budget, [self.value(argument) for argument in node.args])

    def choice(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def logic(self, node: ast.BoolOp) -> Any:
        result: Any = None
        for operand in node.values:
            result = self.value(operand)
            if bool(result) is isinstance(node.op, ast.Or):
                break
        return result

    def unary(self, node: ast.UnaryOp) -> Any:
        operand = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return not operand
        if not is_number(operand):
            raise ExpressionError(f"{kind_of(operand)} has no sign")
        return -operand if isinstance(node.op, ast.USub) else +operand

    def binary(self, node: ast.BinOp) -> Any:
        return operators.binary(node.op, self.value(node.left), self.value(node.right), self._budget)

    def comparison(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for op, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            if not operators.compare(op, left, right, self._budget):
                return False
            left = right
        return True


_RULES: dict[type[ast.expr], Callable[[_Evaluation, Any], Any]] = {
    ast.Constant: _Evaluation.constant,
    ast.Name: _Evaluation.name,
    ast.List: _Evaluation.items,
    ast.Tuple: _Evaluation.items,
    ast.Dict: _Evaluation.record,
    ast.Subscript: _Evaluation.subscript,
    ast.Call: _Evaluation.call,
    ast.IfExp: _Evaluation.choice,
    ast.BoolOp: _Evaluation.logic,
    ast.UnaryOp: _Evaluation.unary,
    ast.BinOp: _Evaluation.binary,
    ast.Compare: _Evaluation.comparison,
}
