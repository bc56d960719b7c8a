"""How large a workflow may be (contract clarifications 10). Beyond any limit nothing is stored."""

from typing import Final

from shared.kernel.errors import FieldError, Invalid, TooLarge

MAX_NODES: Final = 1_000
MAX_BYTES: Final = 50 * 1024 * 1024
"""Of an uploaded file, and of the definition as compact JSON."""
MAX_LEVELS: Final = 64
"""Of objects and arrays inside each other, the outermost one included."""
MAX_METADATA_BYTES: Final = 64 * 1024
MAX_VERSIONS: Final = 1_000
"""Of one workflow: its document lists them all."""


class InvalidWorkflow(Invalid):
    """The workflow's JSON breaks a rule; the message names it."""

    code = "INVALID_WORKFLOW"

    @classmethod
    def field(cls, field: str, message: str) -> "InvalidWorkflow":
        """The error of a single field."""
        return cls(f"{field}: {message}", [FieldError(field, message)])


class WorkflowTooLarge(TooLarge):
    """The workflow's JSON is over its cap."""

    code = "WORKFLOW_TOO_LARGE"


def check_node_count(n_nodes: int) -> None:
    """Raises InvalidWorkflow when there are too many nodes."""
    if n_nodes > MAX_NODES:
        raise InvalidWorkflow.field("workflow_json.nodes", f"holds {n_nodes} nodes; at most {MAX_NODES} are allowed")


def too_deep(field: str) -> InvalidWorkflow:
    """The refusal of what is nested beyond `MAX_LEVELS`."""
    return InvalidWorkflow.field(field, f"is nested more than {MAX_LEVELS} levels deep")


def check_size(n_bytes: int, field: str = "workflow_json") -> None:
    """Raises WorkflowTooLarge when a definition, or the file it came in, is over the cap."""
    if n_bytes > MAX_BYTES:
        raise WorkflowTooLarge(f"{field}: {n_bytes} bytes; at most {MAX_BYTES} are allowed")


def check_metadata_size(n_bytes: int) -> None:
    """Raises InvalidWorkflow when the metadata are over their cap."""
    if n_bytes > MAX_METADATA_BYTES:
        raise InvalidWorkflow.field("metadata", f"takes {n_bytes} bytes; at most {MAX_METADATA_BYTES} are allowed")
