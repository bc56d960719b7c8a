"""A job as people see it."""

from collections.abc import Mapping
from typing import Any, Final

from cli.output import console, print_fields, print_table, printable, status_text
from cli.times import duration, moment
from cli.views.result import print_outputs

MAX_NODES: Final = 60


def print_ending(job: Mapping[str, Any]) -> None:
    """How a finished job ended, and what it handed back."""
    from rich.text import Text

    took = f" after {took}" if (took := duration(job.get("duration_ms"))) else ""
    robot = f" on robot {job['robot_id']}" if job.get("robot_id") else ""
    name, status = (printable(job.get("workflow_name")), "bold"), status_text(job.get("status"))
    console().print(Text.assemble(name, " ", status, printable(f"{took}{robot}.")))
    if (reason := failure_reason(job)) is not None:
        console().print(printable(reason))
    print_outputs(job)


def failure_reason(job: Mapping[str, Any]) -> str | None:
    """Why the job failed, with the error's type and node; None when it has not."""
    if not job.get("error_message"):
        return None
    where = f"node {job['failed_node']}: " if job.get("failed_node") else ""
    kind = f" ({job['error_type']})" if job.get("error_type") else ""
    return f"{where}{job['error_message']}{kind}"


def print_job(job: Mapping[str, Any]) -> None:
    """All that matters of a job in any state."""
    print_fields(
        [
            ("job", job.get("job_id")),
            (
                "workflow",
                f"{job.get('workflow_name')} ({job.get('workflow_id')}, version {job.get('workflow_version')})",
            ),
            ("status", status_text(job.get("status"))),
            ("progress", f"{job.get('progress', 0)} %"),
            ("node", job.get("current_node")),
            ("message", job.get("message")),
            ("robot", job.get("robot_id")),
            ("attempt", f"{job.get('attempt', 0)} of {job.get('max_attempts', '?')}"),
            ("priority", job.get("priority")),
            ("created", moment(job.get("created_at"))),
            ("started", moment(job.get("started_at"))),
            ("finished", moment(job.get("completed_at"))),
            ("duration", duration(job.get("duration_ms"))),
            ("error", failure_reason(job)),
        ]
    )
    _print_nodes(job)
    print_outputs(job)


def _print_nodes(job: Mapping[str, Any]) -> None:
    result = job.get("result")
    nodes = result.get("node_execution") if isinstance(result, dict) else None
    if not isinstance(nodes, list) or not nodes:
        return
    rows = [
        (
            node.get("node_id"),
            node.get("node_type"),
            status_text(node.get("status")),
            node.get("runs"),
            duration(node.get("duration_ms")),
        )
        for node in nodes[:MAX_NODES]
        if isinstance(node, dict)
    ]
    print()
    print_table(("NODE", "TYPE", "STATUS", "RUNS", "TIME"), rows)
