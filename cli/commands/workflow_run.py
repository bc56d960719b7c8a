"""`casare workflow run`: a job of a stored workflow, or of a file."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import OwnPriority
from cli.completion import complete_robot, complete_workflow
from cli.failures import NotThere
from cli.output import Output, OutputFormat, note, print_answer, print_fields
from cli.times import moment, moment_after, seconds_in

if TYPE_CHECKING:
    from cli.client.api import Answer, Api


def add_to(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command()(run)


def run(
    workflow: Annotated[
        str,
        typer.Argument(
            metavar="WORKFLOW|FILE",
            help="A workflow's id or name, or a file, which is pushed first.",
            autocompletion=complete_workflow,
        ),
    ],
    variable: Annotated[
        list[str] | None,
        typer.Option("--variable", "--var", metavar="NAME=VALUE", help="VALUE is JSON, or else text. Repeatable."),
    ] = None,
    variables: Annotated[
        Path | None, typer.Option("--variables", help="A file with an object of variables, JSON or YAML.")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Default: the current one.")] = None,
    priority: OwnPriority = None,
    environment: Annotated[str, typer.Option("--environment", help="Whose robots may take it.")] = "default",
    robot: Annotated[
        str | None,
        typer.Option("--robot", help="The only robot that may run it, by id.", autocompletion=complete_robot),
    ] = None,
    capability: Annotated[
        list[str] | None, typer.Option("--capability", help="What the robot must be able to do. Repeatable.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag that the robot must have. Repeatable.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Not before then: 2h, or a time such as 2027-01-31T09:00 (local).")
    ] = None,
    timeout: Annotated[str | None, typer.Option("--timeout", help="How long one attempt may take, e.g. 10m.")] = None,
    attempts: Annotated[int | None, typer.Option("--attempts", min=1, max=20, help="How many attempts it has.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", "-w", help="Stay until it has ended; print its result.")] = (
        False
    ),
    logs: Annotated[bool, typer.Option("--logs", help="Wait, and show its log on stderr as it is written.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Run a workflow: submit a job of it. With --wait the exit code is 1 unless the job completed.

    \b
    Examples:
      casare workflow run "Check invoices" --variable month='"2027-01"' --wait
      casare workflow run invoices.json --variables vars.yaml --logs
      casare workflow run "Nightly report" --at 2h --capability excel --timeout 10m
    """
    from cli.watch import watch_to_end
    from cli.workflow_file import read_variables

    wanted: dict[str, Any] = {
        "version": version,
        "variables": read_variables(variable or (), variables) or None,
        "priority": priority,
        "environment": environment,
        "robot_id": robot,
        "required_capabilities": capability,
        "required_tags": tag,
        "run_at": None if at is None else moment_after(at, time.time_ns() // 1_000_000, "--at"),
        "timeout_seconds": None if timeout is None else seconds_in(timeout, "--timeout"),
        "max_attempts": attempts,
    }
    with connect() as api:
        body = {"workflow_id": _workflow_id(api, workflow), **_given(wanted)}
        job = api.create("/jobs", body)
        if wait or logs:
            note(f"Job {job['job_id']} is submitted.")
            watch_to_end(api, [str(job["job_id"])], output, with_logs=logs)
            return
    print_answer(job, output, _print_job)


def _workflow_id(api: "Api", reference: str) -> str:
    from cli.client.workflow_names import workflow_id_of
    from cli.push import UNCHANGED, Target, push_file
    from cli.workflow_file import SUFFIX

    file = Path(reference)
    if not file.is_file():
        try:
            return workflow_id_of(api, reference)
        except NotThere as unknown:
            if file.suffix != SUFFIX:
                raise
            raise NotThere(f"There is no file {reference}, nor a workflow called so.") from unknown
    pushed = push_file(api, file, Target())
    if pushed["outcome"] != UNCHANGED:
        note(f"{pushed['workflow_name']}: version {pushed['version']} is stored.")
    return str(pushed["workflow_id"])


def _given(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _print_job(job: "Answer") -> None:
    fields: list[tuple[str, object]] = [
        ("job", job.get("job_id")),
        ("workflow", f"{job.get('workflow_name')} (version {job.get('workflow_version')})"),
        ("status", job.get("status")),
    ]
    if job.get("run_at") != job.get("created_at"):
        fields.append(("not before", moment(job.get("run_at"))))
    fields.append(("next", f"casare job watch {job.get('job_id')}"))
    print_fields(fields)
