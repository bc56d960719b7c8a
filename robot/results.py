"""What a workflow hands back when it is finished, or has failed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from robot.errors import ResultTooLarge
from robot.values import ValueTooLarge, encode_json, plain, size_of

MAX_RECORDS = 500
MAX_ERROR_MESSAGE = 500
MAX_UNASKED_SIZE = 20_000
# What a result is made of besides outputs and records.
_FRAME_BYTES = 500


@dataclass(slots=True)
class NodeRecord:
    """What one node did: `runs` times, in `duration_ms` altogether; a loop's time includes its body's.

    `started_ms` counts from the start of the workflow. `error` is the last one, also where it was caught or mended.
    """

    node_id: str
    node_type: str
    started_ms: float = 0.0
    status: str = "running"
    duration_ms: float = 0.0
    runs: int = 0
    failures: int = 0
    error: dict[str, str] | None = None
    mending_attempts: int = 0
    mending_successes: int = 0

    def ended(self, status: str, duration_ms: float) -> None:
        """Adds one run."""
        self.status = status
        self.duration_ms += duration_ms
        self.runs += 1

    def failed(self, error_type: str, message: str) -> None:
        """Notes a failure of one attempt."""
        self.failures += 1
        self.error = {"type": error_type, "message": message[:MAX_ERROR_MESSAGE]}

    def report(self) -> dict[str, Any]:
        """Returns one entry of `node_execution` (contract, job details); `self_healing` where it was needed."""
        entry: dict[str, Any] = {
            "node_id": self.node_id,
            "node_type": self.node_type,
            "status": self.status,
            "started_ms": round(self.started_ms),
            "duration_ms": round(self.duration_ms),
            "runs": self.runs,
        }
        if self.error is not None:
            entry |= {"failures": self.failures, "error": self.error}
        if self.mending_attempts:
            entry["self_healing"] = {"attempts": self.mending_attempts, "successes": self.mending_successes}
        return entry


class NodeRecords:
    """The records of one job, those of its sub-workflows among them, in the order of the nodes' first runs."""

    def __init__(self, now_ms: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._began_ms = now_ms()
        self._records: dict[str, NodeRecord] = {}

    def of(self, node_id: str, node_type: str) -> NodeRecord:
        """Returns the node's record, begun now where it has none."""
        if node_id not in self._records:
            self._records[node_id] = NodeRecord(node_id, node_type, self._now_ms() - self._began_ms)
        return self._records[node_id]

    def all(self) -> list[NodeRecord]:
        """Returns every record."""
        return list(self._records.values())


def build_result(outputs: dict[str, Any], records: list[NodeRecord], *, max_bytes: int) -> dict[str, Any]:
    """Returns the job's result as plain JSON: `outputs`, `node_execution`, and what was left out of them.

    Decimals are strings with all their digits. Raises ResultTooLarge when the outputs exceed `max_bytes`: half a result
    would look like a whole one.
    """
    return _assembled(_bounded(outputs, max_bytes), records, [record.report() for record in records[:MAX_RECORDS]])


def build_result_so_far(outputs: dict[str, Any], records: list[NodeRecord], *, max_bytes: int) -> dict[str, Any]:
    """Returns what is told of a job that failed: as `build_result`, but what is too large is left out.

    The outputs go first; then records, the oldest first, and those without an error before those with one.
    """
    entries = [record.report() for record in records]
    sizes = [len(encode_json(entry)) + 1 for entry in entries]
    room = max_bytes - _FRAME_BYTES
    told = _if_small(outputs, room - sum(sizes[-MAX_RECORDS:]))
    room -= len(encode_json(told))
    newest_first = reversed(range(len(entries)))
    kept: list[int] = []
    for index in sorted(newest_first, key=lambda index: "error" not in entries[index]):
        if len(kept) < MAX_RECORDS and sizes[index] <= room:
            kept.append(index)
            room -= sizes[index]
    result = _assembled(told, records, [entries[index] for index in sorted(kept)])
    return {**result, "outputs_omitted": True} if outputs and not told else result


def _if_small(outputs: dict[str, Any], max_bytes: int) -> Any:
    try:
        return _bounded(outputs, max_bytes)
    except ResultTooLarge:
        return {}


def _assembled(outputs: Any, records: list[NodeRecord], entries: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {"outputs": outputs, "node_execution": entries}
    attempts = sum(record.mending_attempts for record in records)
    if attempts:
        # For the whole job, since records may be left out of the list.
        successes = sum(record.mending_successes for record in records)
        result["self_healing"] = {"attempts": attempts, "successes": successes}
    if len(records) > len(entries):
        result["node_execution_omitted"] = len(records) - len(entries)
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
