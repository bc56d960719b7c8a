"""Nodes that repeat others, and that leave a loop."""

from typing import Any, Final

from robot.errors import InvalidConfig, InvalidWorkflow, StepLimitReached
from robot.nodes.context import NodeContext
from robot.nodes.flow import COMPLETED, LOOP_BODY
from robot.nodes.table import LoopEnded, NodeTable, Outcome, RoundEnded
from robot.nodes.variables import variable_name

nodes = NodeTable()

MOST_COUNTED: Final = 10**15


@nodes.register("ForNode", "ForLoopNode", exec_outputs=(LOOP_BODY, COMPLETED))
async def count(context: NodeContext) -> Outcome:
    """Follows `loop_body` for each whole number from `start` (0) up to, not including, `end`, by `step` (1).

    The number is also in `variable_name`, where that is given.
    """
    numbers = range(_whole(context, "start", 0), _whole(context, "end", None), _whole(context, "step", 1) or 1)
    name = variable_name(context, "variable_name") if context.has("variable_name") else None

    def prepare(index: int) -> dict[str, Any]:
        if name is not None:
            context.run.variables[name] = numbers[index]
        return {"value": numbers[index], "index": index}

    # No longer than the step limit: a range may have more rounds than any number of a machine.
    await context.repeat(LOOP_BODY, min(len(numbers), context.run.limits.max_steps + 1), prepare)
    return Outcome({"value": numbers[-1] if numbers else None, "index": len(numbers) - 1}, COMPLETED)


def _whole(context: NodeContext, name: str, default: int | None) -> int:
    value = context.value(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST_COUNTED:
        raise InvalidConfig(f"`{name}` has to be a whole number")
    return value


@nodes.register("WhileNode", exec_outputs=(LOOP_BODY, COMPLETED))
async def repeat_while(context: NodeContext) -> Outcome:
    """Follows `loop_body` as long as `condition` (an expression) is true, then leaves by `completed`.

    After `max_rounds` (1,000) rounds it fails: a condition that never changes should not run until the step limit.
    """
    condition = context.node.config.get("condition")
    if not isinstance(condition, str):
        raise InvalidConfig("`condition` has to be an expression")
    most = int(context.number("max_rounds", 1_000, least=1, most=1_000_000))

    async def prepare(index: int) -> dict[str, Any] | None:
        if not await context.evaluate(condition):
            return None
        if index >= most:
            raise StepLimitReached(f"the condition was still true after {most:,} rounds (`max_rounds`)")
        return {"index": index}

    rounds = await context.flow.repeat_while(LOOP_BODY, prepare)
    return Outcome({"index": rounds - 1, "count": rounds}, COMPLETED)


@nodes.register("BreakNode", exec_outputs=())
async def leave_loop(context: NodeContext) -> Outcome:
    """Ends the innermost loop, which then leaves by `completed`."""
    _require_loop(context)
    raise LoopEnded


@nodes.register("ContinueNode", exec_outputs=())
async def next_round(context: NodeContext) -> Outcome:
    """Goes on with the next round of the innermost loop."""
    _require_loop(context)
    raise RoundEnded


def _require_loop(context: NodeContext) -> None:
    if not context.flow.in_loop:
        raise InvalidWorkflow("there is no loop around this node, or it is outside of this node's branch")
