"""How large a workflow may be (contract clarifications 10). Beyond any limit nothing is stored."""

from typing import Final

from shared.kernel.errors import FieldError, Invalid, TooLarge

MAX_NODES: Final = 1_000
MAX_BYTES: Final = 50 * 1024 * 1024
"""Of the definition as compact JSON."""
MAX_LEVELS: Final = 64
"""Of objects and arrays inside each other, the outermost one included."""
MAX_METADATA_BYTES: Final = 64 * 1024


class InvalidWorkflow(Invalid):
    """The workflow's JSON breaks a rule; the message names it."""

    code = "INVALID_WORKFLOW"


class WorkflowTooLarge(TooLarge):
    """The workflow's JSON is over its cap."""

    code = "WORKFLOW_TOO_LARGE"


def count_nodes(workflow_json: dict[str, object]) -> int:
    """How many nodes the definition has. Raises InvalidWorkflow when `nodes` is missing, no container, or too many."""
    nodes = workflow_json.get("nodes")
    if not isinstance(nodes, dict | list):
        problem = "is missing" if "nodes" not in workflow_json else "must be an object or an array"
        raise _invalid("workflow_json.nodes", problem)
    if len(nodes) > MAX_NODES:
        raise _invalid("workflow_json.nodes", f"holds {len(nodes)} nodes; at most {MAX_NODES} are allowed")
    return len(nodes)


def check_nesting(field: str, value: dict[str, object]) -> None:
    """Raises InvalidWorkflow when `value` is nested deeper than `MAX_LEVELS`."""
    if nests_deeper(value, MAX_LEVELS):
        raise _invalid(field, f"is nested more than {MAX_LEVELS} levels deep")


def nests_deeper(value: object, max_levels: int) -> bool:
    """Whether objects and arrays stand inside each other more than `max_levels` deep, the outermost one included."""
    level: list[object] = [value] if isinstance(value, dict | list) else []
    for _ in range(max_levels):
        level = [child for container in level for child in _children(container) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def check_size(n_bytes: int) -> None:
    """Raises WorkflowTooLarge when a definition of `n_bytes` is over the cap."""
    if n_bytes > MAX_BYTES:
        raise WorkflowTooLarge(f"workflow_json: {n_bytes} bytes; at most {MAX_BYTES} are allowed")


def check_metadata_size(n_bytes: int) -> None:
    """Raises InvalidWorkflow when the metadata are over their cap."""
    if n_bytes > MAX_METADATA_BYTES:
        raise _invalid("metadata", f"takes {n_bytes} bytes; at most {MAX_METADATA_BYTES} are allowed")


def _children(container: object) -> list[object]:
    if isinstance(container, dict):
        return list(container.values())
    assert isinstance(container, list)
    return container


def _invalid(field: str, problem: str) -> InvalidWorkflow:
    return InvalidWorkflow(f"{field}: {problem}", [FieldError(field, problem)])
