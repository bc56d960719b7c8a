"""A job as people see it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cli.output import console, note, print_fields, print_table, printable, status_text
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


def print_endings(jobs: Sequence[Mapping[str, Any]]) -> None:
    """How each of several finished jobs ended."""
    rows = [
        (
            job.get("job_id"),
            job.get("workflow_name"),
            status_text(job.get("status")),
            duration(job.get("duration_ms")),
            failure_reason(job),
        )
        for job in jobs
    ]
    print_table(("JOB", "WORKFLOW", "STATUS", "TIME", "ERROR"), rows)


def print_explanation(explanation: Mapping[str, Any]) -> None:
    """Why a job waits, the strongest reason first, and what could run it."""
    robots = explanation.get("robots") or {}
    reasons = [reason for reason in explanation.get("reasons", ()) if isinstance(reason, dict)]
    fields: list[tuple[str, object]] = [
        ("job", explanation.get("job_id")),
        ("status", status_text(explanation.get("status"))),
        *(("because" if number == 0 else "", reason.get("message")) for number, reason in enumerate(reasons)),
    ]
    if explanation.get("pending"):
        ahead = explanation.get("queue_ahead")
        fields += [
            (
                "robots",
                f"{robots.get('registered')} known, {robots.get('matching')} could run it, "
                f"{robots.get('available')} would take it now",
            ),
            ("ahead of it", f"{ahead} jobs"),
        ]
    print_fields(fields)
    lacks = [lack for reason in reasons for lack in reason.get("robots") or ()]
    if lacks:
        print()
        print_table(
            ("ROBOT", "LACKS"), [(lack.get("robot_id"), ", ".join(lack.get("missing") or ())) for lack in lacks]
        )


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
    every = result.get("node_execution") if isinstance(result, dict) else None
    nodes = [node for node in every if isinstance(node, dict)] if isinstance(every, list) else []
    if not nodes:
        return
    # Where a job failed is at the end of its nodes.
    shown = nodes[:MAX_NODES] if job.get("status") == "completed" else nodes[-MAX_NODES:]
    has_errors = any(node.get("error") for node in shown)
    rows = [
        (
            node.get("node_id"),
            node.get("node_type"),
            status_text(node.get("status")),
            node.get("runs"),
            duration(node.get("duration_ms")),
            *([_node_error(node)] if has_errors else []),
        )
        for node in shown
    ]
    print()
    print_table(("NODE", "TYPE", "STATUS", "RUNS", "TIME", *(["ERROR"] if has_errors else [])), rows)
    if len(nodes) > len(shown):
        note(f"… and {len(nodes) - len(shown)} more nodes; `-o json` prints all")


def _node_error(node: Mapping[str, Any]) -> str | None:
    error = node.get("error")
    return f"{error.get('message')} ({error.get('type')})" if isinstance(error, dict) else None
