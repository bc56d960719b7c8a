"""What the history says about one job."""

from typing import Any, Final

import msgspec

from shared.jobs import Job, JobStatus
from shared.kernel.errors import NotFound

NODE_FIELDS: Final = ("node_id", "status", "duration_ms")


class JobNotFound(NotFound):
    """No such job in the caller's tenant."""

    code = "JOB_NOT_FOUND"


def begun_ms(job: Job) -> int | None:
    """When the present or last attempt began: its first progress, else its claim. None while the job waits."""
    if job.status is JobStatus.PENDING:
        return None
    return job.started_ms if job.started_ms is not None else job.claimed_ms


def duration_ms(job: Job) -> int | None:
    """From the last claim to the end, never negative though two replicas' clocks may differ; None until then."""
    return None if job.duration_ms is None else max(0, job.duration_ms)


def node_execution(job: Job) -> list[dict[str, Any]]:
    """What the robot reported per node, from the result's `node_execution`; empty unless it is a list of objects.

    Each has the contract's three fields, null where the robot left one out, and whatever else was reported.
    """
    result = msgspec.json.decode(job.result_json) if job.result_json else None
    nodes = result.get("node_execution") if isinstance(result, dict) else None
    if not isinstance(nodes, list) or not all(isinstance(node, dict) for node in nodes):
        return []
    return [{**dict.fromkeys(NODE_FIELDS), **node} for node in nodes]
