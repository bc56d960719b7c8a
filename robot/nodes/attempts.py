"""The node that goes on where another failed."""

from typing import Any, Final

from robot.errors import InvalidConfig, StepLimitReached, WorkflowError
from robot.nodes.context import NodeContext
from robot.nodes.flow import COMPLETED
from robot.nodes.table import ControlMoved, NodeTable, Outcome
from robot.nodes.variables import variable_name

nodes = NodeTable()

BODY: Final = "try_body"
CATCH: Final = "catch"
FINALLY: Final = "finally"


@nodes.register("TryNode", "TryCatchNode", exec_outputs=(BODY, CATCH, FINALLY, COMPLETED))
async def attempt(context: NodeContext) -> Outcome:
    """Follows `try_body`; if it fails, `catch`; in any case `finally`; then leaves by `completed`.

    What failed is at the ports `error_type`, `error_message` and `error_node`, and as a record of `type`, `message`
    and `node` in the variable `error` (or as `error_variable` says). With `error_types`, only errors of these types
    are caught. An error that is not caught, one of `catch` itself, and one where no connection leaves by `catch`, goes
    on after `finally`. A job that is stopped leaves at once, without `finally`.
    """
    types = _error_types(context)
    outputs: dict[str, Any] = {"failed": False, "error_type": None, "error_message": None, "error_node": None}
    name = variable_name(context, "error_variable", "error")
    try:
        try:
            await context.flow.follow(BODY)
        except WorkflowError as error:
            if not _catches(context, error, types):
                raise
            outputs = _described(context, error)
            context.run.variables[name] = {key.removeprefix("error_"): outputs[key] for key in outputs if "_" in key}
            context.flow.offer(outputs)
            context.log(f"caught {error.error_type} of node {error.node_id}", "warning")
            await context.flow.follow(CATCH)
    except (WorkflowError, ControlMoved):
        await context.flow.follow(FINALLY)
        raise
    context.flow.offer(outputs)
    await context.flow.follow(FINALLY)
    return Outcome(outputs, COMPLETED)


def _error_types(context: NodeContext) -> list[str] | None:
    types = context.value("error_types")
    if types is not None and not (isinstance(types, list) and all(isinstance(each, str) for each in types)):
        raise InvalidConfig("`error_types` has to be a list of error types")
    return types


def _catches(context: NodeContext, error: WorkflowError, types: list[str] | None) -> bool:
    # Beyond the limit nothing runs any more, the nodes of `catch` included.
    if isinstance(error, StepLimitReached) or not context.flow.leads_on(CATCH):
        return False
    return types is None or error.error_type in types


def _described(context: NodeContext, error: WorkflowError) -> dict[str, Any]:
    return {
        "failed": True,
        "error_type": error.error_type,
        "error_message": context.run.secrets.text(str(error)),
        "error_node": error.node_id,
    }
