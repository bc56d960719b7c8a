"""Which expressions exist: the whitelist, applied before anything is evaluated."""

import ast
from functools import lru_cache

from robot.expressions.errors import ExpressionError

MAX_SOURCE = 4_000
MAX_SYNTAX_NODES = 1_000
MAX_DEPTH = 50

_ALLOWED: tuple[type[ast.AST], ...] = (
    *(ast.Constant, ast.Name, ast.Load, ast.List, ast.Tuple, ast.Dict, ast.Subscript, ast.Slice, ast.Call),
    *(ast.IfExp, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd),
    *(ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    *(ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Is, ast.IsNot),
)
_HINTS: dict[type[ast.AST], str] = {
    ast.Attribute: "attributes are not available; use record['key'] and functions",
    ast.Set: "write variables by name, without {{ }}",
    ast.JoinedStr: "join texts with + and str()",
}


@lru_cache(maxsize=512)
def parse(source: str) -> ast.expr:
    """Returns the checked syntax tree. Raises ExpressionError for anything outside the whitelist or the limits."""
    if len(source) > MAX_SOURCE:
        raise ExpressionError(f"an expression has at most {MAX_SOURCE:,} characters")
    try:
        tree = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"not an expression: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError("not an expression: too deeply nested or unreadable") from error
    _check(tree)
    return tree


def _check(tree: ast.expr) -> None:
    open_nodes: list[tuple[ast.AST, int]] = [(tree, 1)]
    seen = 0
    while open_nodes:
        node, depth = open_nodes.pop()
        seen += 1
        if seen > MAX_SYNTAX_NODES or depth > MAX_DEPTH:
            raise ExpressionError(f"an expression has at most {MAX_SYNTAX_NODES:,} parts, {MAX_DEPTH} levels deep")
        _check_node(node)
        open_nodes.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


def _check_node(node: ast.AST) -> None:
    if not isinstance(node, _ALLOWED):
        raise ExpressionError(_HINTS.get(type(node), f"{type(node).__name__} is not part of expressions"))
    if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float | None):
        raise ExpressionError(f"{type(node.value).__name__} literals are not part of expressions")
    if isinstance(node, ast.Call) and (node.keywords or not isinstance(node.func, ast.Name)):
        raise ExpressionError("functions are called by name, with positional arguments")
    if isinstance(node, ast.Compare):
        _check_is_none(node)


def _check_is_none(node: ast.Compare) -> None:
    for operator, right in zip(node.ops, node.comparators, strict=True):
        compares_none = isinstance(right, ast.Constant) and right.value is None
        if isinstance(operator, ast.Is | ast.IsNot) and not compares_none:
            raise ExpressionError("'is' compares with None only; use ==")
