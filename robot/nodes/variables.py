"""Nodes that read, set and compute variables."""

import re

from robot.errors import InvalidConfig, UndefinedVariable
from robot.nodes.context import NodeContext
from robot.nodes.table import NodeTable, Outcome

nodes = NodeTable()

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def variable_name(context: NodeContext, setting: str, default: str | None = None) -> str:
    """Returns the name a setting holds. Raises InvalidConfig for one that expressions could not use."""
    return check_name(setting, context.value(setting, default))


def check_name(setting: str, name: object) -> str:
    """Returns the name. Raises InvalidConfig, naming the setting."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InvalidConfig(f"`{setting}` has to be letters, digits and _, at most 64: {str(name)[:80]!r}")
    return name


@nodes.register("SetVariableNode")
async def set_variable(context: NodeContext) -> Outcome:
    """Sets the variable `variable_name` to `value`, which is at the port `value` too."""
    name = variable_name(context, "variable_name")
    if not context.has("value") and not context.has("default_value"):
        raise InvalidConfig("`value` is missing")
    context.refuse_secrets("value", "default_value")
    value = context.value("value", context.value("default_value"))
    context.run.assign(name, value)
    return Outcome({"value": value})


@nodes.register("GetVariableNode")
async def get_variable(context: NodeContext) -> Outcome:
    """Offers the variable `variable_name` at the port `value`, or else `default_value`; fails when there is neither."""
    name = variable_name(context, "variable_name")
    if name in context.run.variables:
        return Outcome({"value": context.run.variables[name]})
    if not context.has("default_value"):
        raise UndefinedVariable(f"there is no variable {name!r}")
    context.refuse_secrets("default_value")
    return Outcome({"value": context.value("default_value")})


@nodes.register("ExpressionNode")
async def compute(context: NodeContext) -> Outcome:
    """Computes `expression` over the variables and what arrives by wire; keeps it in `variable_name` when given.

    Offers `result`.
    """
    source = context.node.config.get("expression")
    if not isinstance(source, str):
        raise InvalidConfig("`expression` has to be a text")
    result = await context.evaluate(source)
    if context.has("variable_name"):
        context.run.assign(variable_name(context, "variable_name"), result)
    return Outcome({"result": result})
