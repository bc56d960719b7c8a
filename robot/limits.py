"""What one job may use."""

from dataclasses import dataclass, field
from pathlib import Path

from robot.addresses import AddressRules
from robot.settings import RobotSettings


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
    max_transfer_bytes: int = 1_000_000_000
    """Of files that go by without being held in memory: downloads, copies, archives."""
    max_entries: int = 10_000
    """Files and folders one step lists, copies, packs or unpacks."""
    addresses: AddressRules = field(default_factory=AddressRules)
    framework_python: Path | None = None
    chromium: Path | None = None
    browser_evaluate: bool = False


def limits_of(settings: RobotSettings) -> Limits:
    """Returns what the robot's configuration lets a job use."""
    return Limits(
        max_steps=settings.max_steps,
        addresses=AddressRules.of(block_internal=settings.http_block_internal, allow=settings.http_allow),
        framework_python=settings.framework_python,
        chromium=settings.chromium,
        browser_evaluate=settings.browser_evaluate,
    )
