"""The reference robot, and the kit for robots of one's own: takes jobs, executes their workflows and reports.

    from robot import Robot, node

    @node("acme.lookup")
    def lookup(customer: str) -> dict[str, object]: ...

    Robot().run()

Owns: the HTTP and socket protocols of a robot (`client`, `robot_socket`), the life of a robot (`agent`) and of one job
(`job_run`), the workflow executor (`executor`) with its table of node types (`nodes`), node types by decorator
(`node_functions`) and by plug-in (`plugins`). Imports nothing of the orchestrator: a robot is installed on machines of
its own.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robot.cancellation import JobStopped as JobCancelled
    from robot.cancellation import JobStopped as JobStopped
    from robot.errors import WorkflowError as WorkflowError
    from robot.node_call import NodeCall as NodeCall
    from robot.node_functions import node as node
    from robot.nodes.table import Outcome as Outcome
    from robot.own_robot import Robot as Robot
    from robot.own_robot import RobotRefused as RobotRefused

# Imported when they are first asked for: `casare` imports this package to list its settings, too.
_PUBLIC = {
    "JobCancelled": "robot.cancellation:JobStopped",
    "JobStopped": "robot.cancellation:JobStopped",
    "NodeCall": "robot.node_call:NodeCall",
    "Outcome": "robot.nodes.table:Outcome",
    "Robot": "robot.own_robot:Robot",
    "RobotRefused": "robot.own_robot:RobotRefused",
    "WorkflowError": "robot.errors:WorkflowError",
    "node": "robot.node_functions:node",
}

__all__ = [
    "JobCancelled",
    "JobStopped",
    "NodeCall",
    "Outcome",
    "Robot",
    "RobotRefused",
    "WorkflowError",
    "node",
]


if not TYPE_CHECKING:  # else every name would be one

    def __getattr__(name: str) -> Any:
        if name not in _PUBLIC:
            raise AttributeError(f"module 'robot' has no attribute {name!r}")
        module, _, attribute = _PUBLIC[name].partition(":")
        return getattr(import_module(module), attribute)
