"""What one job may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one execution; reaching one fails the job."""

    max_steps: int = 200_000
    max_loop_depth: int = 20
    max_workflow_depth: int = 8
    # The server takes a million bytes, node_execution included.
    max_result_bytes: int = 800_000
    max_file_bytes: int = 50_000_000
    max_rows: int = 200_000
    max_response_bytes: int = 10_000_000
