"""`casare schedule`: run workflows at set times."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.client.connect import connect
from cli.commands import schedule_next
from cli.commands.options import (
    All,
    ExecutionMode,
    Limit,
    Mode,
    Priority,
    ScheduleId,
    Watch,
    WorkflowFilter,
    WorkflowRef,
    Yes,
    note_hidden,
)
from cli.confirm import confirm
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import moment, moment_in

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Run workflows at set times.", no_args_is_help=True)

_CRON_HELP: Final = (
    "Five fields: minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7 (0 and 7 are Sunday), e.g. '0 9 * * 1-5' "
    "for weekdays at 9, or @hourly, @daily, @weekly, @monthly."
)
_MOST: Final = 1_000


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
    workflow: WorkflowRef,
    cron: Annotated[str, typer.Option("--cron", help="When, e.g. '0 9 * * 1-5' or '@hourly'.")],
    name: Annotated[str | None, typer.Option("--name", help="What to call it. Default: the workflow and the time.")] = (
        None
    ),
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
    """Create a schedule for a workflow.

    \b
    Examples:
      casare schedule create "Check invoices" --cron '0 2 * * *' --timezone Europe/Berlin --name Nightly
      casare schedule create "Check invoices" --cron @hourly --overlap-policy skip
    """
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        body = {
            "workflow_id": workflow_id_of(api, workflow),
            "schedule_name": name or f"{workflow} {cron}",
            "cron_expression": cron,
            "timezone": timezone,
            "priority": priority,
            "execution_mode": execution_mode.value,
            "misfire_policy": misfire_policy.value,
            "overlap_policy": overlap_policy.value,
            "enabled": not disabled,
        }
        try:
            created = api.create("/schedules", body)
        except UsageProblem as refusal:
            if "cron" in str(refusal):
                raise UsageProblem(str(refusal), advice=_CRON_HELP) from refusal
            raise
    print_answer(created, output, _print)


@app.command("list")
def list_schedules(
    workflow: WorkflowFilter = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only those that fire, or only those that do not.")
    ] = None,
    limit: Limit = 100,
    everything: All = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the schedules.

    \b
    Examples:
      casare schedule list --enabled
    """
    from cli.client.workflow_names import workflow_id_of

    wanted = None if enabled is None else str(enabled).lower()
    n_most = _MOST if everything else min(limit, _MOST)
    with connect() as api:
        workflow_id = None if workflow is None else workflow_id_of(api, workflow)
        # This list has no pages and no total: asking for one more tells whether there is more.
        asked = min(n_most + 1, _MOST)
        found = api.get_list("/schedules", {"workflow_id": workflow_id, "enabled": wanted, "limit": asked})
    print_answer(found[:n_most], output, _print_schedules)
    note_hidden(None if len(found) > n_most or len(found) == _MOST else 0)


@app.command()
def show(schedule_id: ScheduleId, output: Output = OutputFormat.TABLE) -> None:
    """Show one schedule.

    \b
    Examples:
      casare schedule show 770e8400-e29b-41d4-a716-446655440002
    """
    from cli.client.api import segment

    with connect() as api:
        schedule = api.get(f"/schedules/{segment(schedule_id)}")
    print_answer(schedule, output, _print)


schedule_next.add_to(app)


@app.command()
def enable(schedule_id: ScheduleId, output: Output = OutputFormat.TABLE) -> None:
    """Let a schedule fire. What was due while it was disabled stays undone.

    \b
    Examples:
      casare schedule enable 770e8400-e29b-41d4-a716-446655440002
    """
    _switch(schedule_id, "enable", output)


@app.command()
def disable(schedule_id: ScheduleId, output: Output = OutputFormat.TABLE) -> None:
    """Stop a schedule from firing.

    \b
    Examples:
      casare schedule disable 770e8400-e29b-41d4-a716-446655440002
    """
    _switch(schedule_id, "disable", output)


@app.command()
def trigger(
    schedule_id: ScheduleId,
    watch: Watch = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Run a schedule's workflow now, also when it is disabled; no due time moves.

    \b
    Examples:
      casare schedule trigger 770e8400-e29b-41d4-a716-446655440002 --watch
    """
    from cli.client.api import segment
    from cli.watch import watch_to_end

    with connect() as api:
        answer = api.put_once(f"/schedules/{segment(schedule_id)}/trigger")
        if watch:
            watch_to_end(api, [str(answer["job_id"])], output)
            return
    print_answer(answer, output, _print_triggered)


@app.command()
def delete(schedule_id: ScheduleId, yes: Yes = False, output: Output = OutputFormat.TABLE) -> None:
    """Delete a schedule. Its jobs stay.

    \b
    Examples:
      casare schedule delete 770e8400-e29b-41d4-a716-446655440002 --yes
    """
    from cli.client.api import segment

    confirm(f"Delete the schedule {schedule_id}?", yes=yes)
    with connect() as api:
        answer = api.delete(f"/schedules/{segment(schedule_id)}")
    print_answer(answer, output, lambda _: note(f"The schedule {schedule_id} is deleted."))


def _switch(schedule_id: str, verb: str, output: OutputFormat) -> None:
    from cli.client.api import segment

    with connect() as api:
        schedule = api.put(f"/schedules/{segment(schedule_id)}/{verb}")
    print_answer(schedule, output, _print)


def _print_schedules(schedules: "list[Answer]") -> None:
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
    titles = ("SCHEDULE", "NAME", "CRON", "TIME ZONE", "ENABLED", "NEXT", "RUNS")
    print_table(titles, rows, none="No schedules.")


def _print_triggered(answer: dict[str, Any]) -> None:
    print_fields([("job", answer.get("job_id")), ("next", f"casare job watch {answer.get('job_id')}")])


def _print(schedule: "Answer") -> None:
    print_fields(
        [
            ("schedule", schedule.get("schedule_id")),
            ("name", schedule.get("schedule_name")),
            ("workflow", schedule.get("workflow_id")),
            ("cron", schedule.get("cron_expression")),
            ("time zone", schedule.get("timezone")),
            ("enabled", schedule.get("enabled")),
            ("next run", moment(schedule.get("next_run"))),
            ("here", moment_in(schedule.get("next_run"), None)),
            ("last run", moment(schedule.get("last_run"))),
            ("runs", schedule.get("run_count")),
            ("failures", schedule.get("failure_count")),
        ]
    )
