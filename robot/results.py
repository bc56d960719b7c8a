"""What a finished workflow hands back."""

from dataclasses import dataclass
from typing import Any

from robot.errors import ResultTooLarge
from robot.values import ValueTooLarge, encode_json, plain, size_of

MAX_RECORDS = 500
MAX_UNASKED_SIZE = 20_000


@dataclass(slots=True)
class NodeRecord:
    """What one node did: `runs` times, in `duration_ms` altogether; a loop's time includes its body's."""

    node_id: str
    node_type: str
    status: str = "running"
    duration_ms: float = 0.0
    runs: int = 0

    def ended(self, status: str, duration_ms: float) -> None:
        """Adds one run."""
        self.status = status
        self.duration_ms += duration_ms
        self.runs += 1

    def report(self) -> dict[str, Any]:
        """Returns one entry of `node_execution` (contract, job details)."""
        return {
            "node_id": self.node_id,
            "node_type": self.node_type,
            "status": self.status,
            "duration_ms": round(self.duration_ms),
            "runs": self.runs,
        }


def build_result(outputs: dict[str, Any], records: list[NodeRecord], *, max_bytes: int) -> dict[str, Any]:
    """Returns the job's result as plain JSON: `outputs`, `node_execution`, and what was left out of them.

    Decimals are strings with all their digits. Raises ResultTooLarge when the outputs exceed `max_bytes`: half a result
    would look like a whole one.
    """
    result: dict[str, Any] = {
        "outputs": _bounded(outputs, max_bytes),
        "node_execution": [record.report() for record in records[:MAX_RECORDS]],
    }
    if len(records) > MAX_RECORDS:
        result["node_execution_omitted"] = len(records) - MAX_RECORDS
    return result


def small(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values a result can hold without having been asked for: those of at most MAX_UNASKED_SIZE."""
    return {name: value for name, value in values.items() if _is_small(value)}


def _is_small(value: object) -> bool:
    try:
        size_of(value, MAX_UNASKED_SIZE)
    except ValueTooLarge:
        return False
    return True


def _bounded(outputs: dict[str, Any], max_bytes: int) -> Any:
    try:
        size_of(outputs, max_bytes)
    except ValueTooLarge as error:
        raise ResultTooLarge(f"the outputs are too large to report: {error}; write them to a file") from error
    if (size := len(encode_json(outputs))) > max_bytes:
        raise ResultTooLarge(f"the outputs have {size:,} bytes, {max_bytes:,} can be reported; write them to a file")
    return plain(outputs)
