"""Nodes that decide where control goes."""

from typing import Any

from robot.errors import InvalidConfig
from robot.nodes.context import NodeContext
from robot.nodes.table import BranchEnded, NodeTable, Outcome
from robot.nodes.variables import variable_name
from robot.values import kind_of
from robot.workflow import START

nodes = NodeTable()

LOOP_BODY = "loop_body"
COMPLETED = "completed"


@nodes.register(START)
async def start(_context: NodeContext) -> Outcome:
    """Where control begins."""
    return Outcome()


@nodes.register("EndNode", exec_outputs=())
async def end(context: NodeContext) -> Outcome:
    """Ends its branch and the loops around it; `outputs` and what arrives by wire become outputs of the job."""
    outputs = context.value("outputs", {})
    if not isinstance(outputs, dict):
        raise InvalidConfig(f"`outputs` has to be a record, not {kind_of(outputs)}")
    wired = {name: value for name, value in context.inputs.items() if name != "outputs"}
    context.run.outputs.update({**outputs, **wired})
    raise BranchEnded


@nodes.register("IfNode", exec_outputs=("true", "false"))
async def choose(context: NodeContext) -> Outcome:
    """Leaves by `true` or `false`, as `condition`, an expression, is. Offers `result`."""
    config = context.node.config
    condition = context.inputs.get("condition", config.get("condition", config.get("expression")))
    if condition is None and "condition" not in context.inputs:
        raise InvalidConfig("`condition` is missing")
    # Only what the workflow's author wrote is an expression; a text that arrives by wire is data.
    if isinstance(condition, str) and "condition" not in context.inputs:
        condition = await context.evaluate(condition)
    return Outcome({"result": bool(condition)}, "true" if condition else "false")


@nodes.register("ForEachNode", exec_outputs=(LOOP_BODY, COMPLETED))
async def for_each(context: NodeContext) -> Outcome:
    """Follows `loop_body` for each of `items`, a list or a record, then leaves by `completed`.

    The item is in the variable `item` (or as `item_variable` says) and at the port `item`, its number at `index` and in
    `index_variable` where that is given, the number of items at `count`. A round is over where its chain ends, or where
    it comes back to this node.
    """
    items = _items(context.value("items"))
    variables = context.run.variables
    item_name = variable_name(context, "item_variable", "item")
    index_name = variable_name(context, "index_variable") if context.value("index_variable") else None

    def prepare(index: int) -> dict[str, Any]:
        variables[item_name] = items[index]
        if index_name is not None:
            variables[index_name] = index
        return {"item": items[index], "index": index, "count": len(items)}

    await context.repeat(LOOP_BODY, len(items), prepare)
    return Outcome({"item": items[-1] if items else None, "index": len(items) - 1, "count": len(items)}, COMPLETED)


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return list(value)
    if isinstance(value, dict):
        return [{"key": key, "value": each} for key, each in value.items()]
    raise InvalidConfig(f"`items` has to be a list or a record, not {kind_of(value)}")
