"""`casare workflow submit`: a file as a workflow of its own."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.client.connect import connect
from cli.commands.options import ExecutionMode, Mode, NameInstead, Priority, Watch
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, print_answer, print_fields

if TYPE_CHECKING:
    from cli.client.api import Answer


class Trigger(StrEnum):
    """What makes a submitted workflow run."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


def add_to(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command()(submit)


def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The workflow, as JSON.")],
    name: NameInstead = None,
    var: Annotated[
        list[str] | None,
        typer.Option(
            "--var", metavar="NAME=VALUE", help="A variable of the workflow; VALUE is JSON, or else text. Repeatable."
        ),
    ] = None,
    trigger: Annotated[
        Trigger | None, typer.Option("--trigger", help="Run now, or on a schedule. Default: as --cron says.")
    ] = None,
    cron: Annotated[str | None, typer.Option("--cron", help="When to run it, e.g. '0 9 * * 1-5' (UTC).")] = None,
    priority: Priority = 10,
    execution_mode: Mode = ExecutionMode.LAN,
    watch: Watch = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Submit a file as a workflow of its own: run it now, or on a schedule. `push` keeps it under its name instead.

    \b
    Examples:
      casare workflow submit invoices.json --watch
      casare workflow submit invoices.json --cron '0 9 * * 1-5'
    """
    from cli.watch import watch_to_end
    from cli.workflow_file import read_workflow

    trigger = trigger or (Trigger.SCHEDULED if cron else Trigger.MANUAL)
    _check(trigger, cron, watch=watch)
    workflow = read_workflow(file, name=name, assignments=var or ())
    body = {
        **workflow.body(),
        "trigger_type": trigger.value,
        "schedule_cron": cron,
        "priority": priority,
        "execution_mode": execution_mode.value,
    }
    with connect() as api:
        submitted = api.create("/workflows", body)
        if watch and submitted.get("job_id"):
            watch_to_end(api, [str(submitted["job_id"])], output)
            return
    print_answer(submitted, output, _print_submitted)


def _check(trigger: Trigger, cron: str | None, *, watch: bool) -> None:
    if trigger is Trigger.SCHEDULED and not cron:
        raise UsageProblem("--trigger scheduled needs --cron.", advice="For example: --cron '0 9 * * 1-5'")
    if trigger is Trigger.MANUAL and cron:
        raise UsageProblem("--cron does not go with --trigger manual.")
    if trigger is Trigger.SCHEDULED and watch:
        raise UsageProblem("--watch does not go with a schedule: there is no job yet.")


def _print_submitted(submitted: "Answer") -> None:
    job_id, schedule_id = submitted.get("job_id"), submitted.get("schedule_id")
    ids = [("workflow", submitted.get("workflow_id")), ("job", job_id), ("schedule", schedule_id)]
    fields: list[tuple[str, object]] = [(name, value) for name, value in ids if value]
    fields.append(("message", submitted.get("message")))
    if job_id:
        fields.append(("next", f"casare job watch {job_id}"))
    elif schedule_id:
        fields.append(("next", "casare schedule next"))
    print_fields(fields)
