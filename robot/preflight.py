"""What can be told to be wrong before the first node runs."""

from robot.errors import InvalidWorkflow
from robot.nodes import NodeTable
from robot.workflow import Workflow


def check(workflow: Workflow, types: NodeTable, reachable: set[str]) -> None:
    """Raises UnknownNodeType or InvalidWorkflow, so that no half of a job is done that cannot be finished."""
    for node_id in workflow.nodes:
        if node_id in reachable:
            types.type_of(workflow.nodes[node_id])
    for node_id, port in workflow.successors:
        if node_id in reachable:
            _check_port(workflow, types, node_id, port)


def _check_port(workflow: Workflow, types: NodeTable, node_id: str, port: str) -> None:
    node_type = types.type_of(workflow.nodes[node_id])
    if port not in node_type.exec_outputs:
        known = ", ".join(node_type.exec_outputs) or "none"
        raise InvalidWorkflow(
            f"control cannot leave node {node_id!r} ({node_type.name}) by {port!r}; its control ports: {known}",
            node_id=node_id,
        )
