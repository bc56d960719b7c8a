"""Why a workflow failed.

WorkflowError
├── InvalidWorkflow       the document itself
├── UnknownNodeType       a node of a type this robot does not have
├── NodeTypeDisabled      a node of a type that the robot's own settings do not allow
├── InvalidConfig         a node's settings
├── UndefinedVariable     `{{name}}` without a variable of that name
├── SecretNotFound        `{{secrets.NAME}}` without a secret of that name
├── SecretRefused         a secret where it would leak, or that cannot be used
├── StoredWorkflowMissing a workflow that the server does not have, or does not give to this robot
├── DataNotReady          a wire from a node that has not run
├── StepLimitReached      control flow that does not end
├── PathRefused           a path outside the robot's working directory
├── FileFailed            a file that cannot be read or written
├── HttpFailed            a request that failed (retryable where trying again may help)
├── OutsideFailed         a mail server, database, browser or program that failed (retryable as above)
├── ResultTooLarge        a value beyond what may be written or reported
├── ReportRefused         a report the server does not take
├── CodeFailed            a command or program that a node ran (see `robot.nodes.code`)
├── RobotRestarted        the robot's process ended in the middle of the job
├── NodeCrashed           a defect of the robot, not of the workflow
└── ExpressionError       see `robot.expressions`
"""

from typing import Any


class WorkflowError(Exception):
    """A failure that ends the job, reported as `error_message`, `error_type`, `node_id` and `retryable`.

    `result` is what the job came to before it, set where it leaves the workflow.
    """

    error_type = "WORKFLOW_ERROR"
    retryable = False
    result: dict[str, Any] | None = None

    def __init__(self, message: str, *, node_id: str | None = None) -> None:
        super().__init__(message)
        self.node_id = node_id

    def at(self, node_id: str) -> "WorkflowError":
        """Returns itself, placed at `node_id` unless a node nearer to the cause is already named."""
        if self.node_id is None:
            self.node_id = node_id
        return self

    def report(self) -> dict[str, Any]:
        """Returns the fields of `POST /jobs/{id}/fail` (contract beyond, robot job endpoints)."""
        return {
            "error_message": str(self) or self.error_type,
            "error_type": self.error_type,
            "node_id": self.node_id,
            "retryable": self.retryable,
            "result": self.result,
        }


class InvalidWorkflow(WorkflowError):
    """The document is not a workflow."""

    error_type = "INVALID_WORKFLOW"


class UnknownNodeType(WorkflowError):
    """Node {node_id} has a type that is not in the robot's table."""

    error_type = "UNKNOWN_NODE_TYPE"


class NodeTypeDisabled(WorkflowError):
    """Node {node_id} has a type that this robot's configuration does not allow."""

    error_type = "NODE_TYPE_DISABLED"


class InvalidConfig(WorkflowError):
    """A node's setting is missing or of the wrong kind."""

    error_type = "INVALID_CONFIG"


class UndefinedVariable(WorkflowError):
    """A template names a variable, or a field of one, that does not exist."""

    error_type = "UNDEFINED_VARIABLE"


class SecretNotFound(WorkflowError):
    """A setting refers to a secret that the robot does not have."""

    error_type = "SECRET_NOT_FOUND"


class SecretRefused(WorkflowError):
    """A secret in a place where it would be told to others, or one that cannot be hidden or read."""

    error_type = "SECRET_REFUSED"


class StoredWorkflowMissing(WorkflowError):
    """A sub-workflow cannot be fetched from the server."""

    error_type = "WORKFLOW_NOT_FOUND"


class DataNotReady(WorkflowError):
    """A node wants data from a node that has not run, or from a port that does not exist."""

    error_type = "DATA_NOT_READY"


class StepLimitReached(WorkflowError):
    """More nodes were executed than one job may."""

    error_type = "STEP_LIMIT"


class PathRefused(WorkflowError):
    """A path leads out of the robot's working directory."""

    error_type = "PATH_REFUSED"


class FileFailed(WorkflowError):
    """A file cannot be read, parsed or written."""

    error_type = "FILE_ERROR"


class HttpFailed(WorkflowError):
    """An HTTP request got no usable answer."""

    def __init__(self, message: str, *, error_type: str, retryable: bool) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.retryable = retryable


class OutsideFailed(WorkflowError):
    """Something the robot works with, not its own code, failed: a mail server, a database, a browser, a program."""

    def __init__(self, message: str, *, error_type: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.retryable = retryable


class ResultTooLarge(WorkflowError):
    """A value is too large to be written or reported."""

    error_type = "RESULT_TOO_LARGE"


class ReportRefused(WorkflowError):
    """The server does not take the job's result, or what was said of its failure."""

    error_type = "REPORT_REFUSED"


class CodeFailed(WorkflowError):
    """A command or program that a node ran did not end well."""

    error_type = "CODE_FAILED"


class RobotRestarted(WorkflowError):
    """The robot's process ended while it worked on the job; what the running node had done by then is not known."""

    error_type = "ROBOT_RESTARTED"
    retryable = True


class NodeCrashed(WorkflowError):
    """The robot failed at something it should have handled."""

    error_type = "NODE_CRASHED"
