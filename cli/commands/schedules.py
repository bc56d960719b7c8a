"""`casare schedule`: run workflows at set times."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.client.connect import connect
from cli.commands.workflows import ExecutionMode, Mode, Priority
from cli.output import Output, OutputFormat, print_fields, print_json, print_table
from cli.times import moment

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Run workflows at set times.", no_args_is_help=True)

ScheduleId = Annotated[str, typer.Argument(metavar="SCHEDULE_ID")]
WorkflowFilter = Annotated[str | None, typer.Option("--workflow", help="Only schedules of this workflow's id.")]


class Misfire(StrEnum):
    """What happens to due times that passed while nothing ran."""

    FIRE_ONCE = "fire_once"
    SKIP = "skip"
    FIRE_ALL = "fire_all"


class Overlap(StrEnum):
    """What happens when the job before has not finished."""

    ALLOW = "allow"
    SKIP = "skip"


@app.command()
def create(
    workflow_id: Annotated[str, typer.Argument(metavar="WORKFLOW_ID", help="The workflow to run.")],
    cron: Annotated[str, typer.Option("--cron", help="When, e.g. '0 9 * * 1-5' or '@hourly'.")],
    name: Annotated[str, typer.Option("--name", help="What to call the schedule.")],
    timezone: Annotated[
        str, typer.Option("--timezone", help="Whose clock the times are of, e.g. Europe/Berlin.")
    ] = "UTC",
    priority: Priority = 10,
    execution_mode: Mode = ExecutionMode.LAN,
    misfire_policy: Annotated[
        Misfire, typer.Option("--misfire-policy", help="Due times that passed while the server was down.")
    ] = Misfire.FIRE_ONCE,
    overlap_policy: Annotated[
        Overlap, typer.Option("--overlap-policy", help="A due time while the job before still runs.")
    ] = Overlap.ALLOW,
    disabled: Annotated[bool, typer.Option("--disabled", help="Create it without letting it fire.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create a schedule for a workflow."""
    body = {
        "workflow_id": workflow_id,
        "schedule_name": name,
        "cron_expression": cron,
        "timezone": timezone,
        "priority": priority,
        "execution_mode": execution_mode.value,
        "misfire_policy": misfire_policy.value,
        "overlap_policy": overlap_policy.value,
        "enabled": not disabled,
    }
    with connect() as api:
        _print(api.create("/schedules", body), output)


@app.command("list")
def list_schedules(
    workflow: WorkflowFilter = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only those that fire, or only those that do not.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 100,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the schedules."""
    wanted = None if enabled is None else str(enabled).lower()
    with connect() as api:
        schedules = api.get_list("/schedules", {"workflow_id": workflow, "enabled": wanted, "limit": limit})
    if output is OutputFormat.JSON:
        print_json(schedules)
        return
    rows = [
        (
            schedule.get("schedule_id"),
            schedule.get("schedule_name"),
            schedule.get("cron_expression"),
            schedule.get("timezone"),
            schedule.get("enabled"),
            moment(schedule.get("next_run")),
            schedule.get("run_count"),
        )
        for schedule in schedules
    ]
    print_table(("SCHEDULE", "NAME", "CRON", "TIME ZONE", "ENABLED", "NEXT", "RUNS"), rows, none="No schedules.")


@app.command()
def show(schedule_id: ScheduleId, output: Output = OutputFormat.TABLE) -> None:
    """Show one schedule."""
    from cli.client.api import segment

    with connect() as api:
        _print(api.get(f"/schedules/{segment(schedule_id)}"), output)


@app.command()
def enable(schedule_id: ScheduleId, output: Output = OutputFormat.TABLE) -> None:
    """Let a schedule fire."""
    _switch(schedule_id, "enable", output)


@app.command()
def disable(schedule_id: ScheduleId, output: Output = OutputFormat.TABLE) -> None:
    """Stop a schedule from firing."""
    _switch(schedule_id, "disable", output)


@app.command("next")
def upcoming(
    workflow: WorkflowFilter = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, help="How many at most.")] = 20,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List what runs next."""
    with connect() as api:
        runs = api.get_list("/schedules/upcoming", {"workflow_id": workflow, "limit": limit})
    if output is OutputFormat.JSON:
        print_json(runs)
        return
    rows = [
        (moment(run.get("next_run")), run.get("schedule_name"), run.get("workflow_name"), run.get("schedule_id"))
        for run in runs
    ]
    print_table(("NEXT", "NAME", "WORKFLOW", "SCHEDULE"), rows, none="Nothing is scheduled.")


def _switch(schedule_id: str, verb: str, output: OutputFormat) -> None:
    from cli.client.api import segment

    with connect() as api:
        _print(api.put(f"/schedules/{segment(schedule_id)}/{verb}"), output)


def _print(schedule: "Answer", output: OutputFormat) -> None:
    if output is OutputFormat.JSON:
        print_json(schedule)
        return
    print_fields(
        [
            ("schedule", schedule.get("schedule_id")),
            ("name", schedule.get("schedule_name")),
            ("workflow", schedule.get("workflow_id")),
            ("cron", schedule.get("cron_expression")),
            ("time zone", schedule.get("timezone")),
            ("enabled", schedule.get("enabled")),
            ("next run", moment(schedule.get("next_run"))),
            ("last run", moment(schedule.get("last_run"))),
            ("runs", schedule.get("run_count")),
            ("failures", schedule.get("failure_count")),
        ]
    )
