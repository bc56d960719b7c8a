"""The node that does several things at once."""

from typing import Any, Final

from robot.errors import InvalidConfig
from robot.nodes.context import BranchEnd, NodeContext
from robot.nodes.flow import COMPLETED
from robot.nodes.table import NodeTable, Outcome

nodes = NodeTable()

BRANCH: Final = "branch"
MOST_AT_ONCE: Final = 32


@nodes.register("ParallelNode", exec_outputs=(BRANCH, COMPLETED))
async def fork_and_join(context: NodeContext) -> Outcome:
    """Follows each connection of `branch` beside the others, `max_concurrency` (4) at a time; joins at `completed`.

    A branch is over where its chain ends, comes back to this node, or reaches an EndNode. With `on_failure` = `cancel`
    the first failure stops the others and fails this node; with `collect` all go to their end, and the ports `failed`
    (how many) and `branches` (a list of `node_id`, `error_type`, `error_message`) tell what became of them. Branches
    share the workflow's variables; a node to which two of them lead runs in each.
    """
    at_once = int(context.number("max_concurrency", 4, least=1, most=MOST_AT_ONCE))
    on_failure = context.text("on_failure", "cancel")
    if on_failure not in {"cancel", "collect"}:
        raise InvalidConfig("`on_failure` is cancel or collect")
    cancel = on_failure == "cancel"
    ends = await context.flow.branches(BRANCH, at_once=at_once, cancel_rest=cancel)
    failed = [end.error for end in ends if end.error is not None]
    if cancel and failed:
        raise failed[0]
    return Outcome({"branches": [_told(context, end) for end in ends], "failed": len(failed)}, COMPLETED)


def _told(context: NodeContext, end: BranchEnd) -> dict[str, Any]:
    error = end.error
    return {
        "node_id": end.first_node,
        "error_type": None if error is None else error.error_type,
        "error_message": None if error is None else context.run.secrets.text(str(error)),
        "error_node": None if error is None else error.node_id,
    }
