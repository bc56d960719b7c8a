"""Every function an expression can call."""

from robot.expressions.functions import conversions, dates, lists, records, rounding, texts
from robot.expressions.functions.table import Function, FunctionTable

FUNCTIONS = FunctionTable.of(
    conversions.functions,
    dates.functions,
    lists.functions,
    records.functions,
    rounding.functions,
    texts.functions,
)

__all__ = ["FUNCTIONS", "Function", "FunctionTable"]
