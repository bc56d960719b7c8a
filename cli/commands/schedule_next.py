"""`casare schedule next`: what runs when, by the clock of the schedule and by the one on the wall."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import WorkflowFilter
from cli.completion import complete_schedule
from cli.failures import CommandFailed
from cli.output import Output, OutputFormat, note, print_answer, print_table
from cli.times import moment, moment_in

if TYPE_CHECKING:
    from cli.client.api import Answer


def add_to(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command("next")(upcoming)


def upcoming(
    schedule_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCHEDULE_ID]",
            help="Its next due times; without it, the next of all.",
            autocompletion=complete_schedule,
        ),
    ] = None,
    workflow: WorkflowFilter = None,
    count: Annotated[int, typer.Option("--count", "--limit", min=1, max=100, help="How many at most.")] = 20,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List what runs next; of one schedule, its next due times, by its own clock and by this machine's.

    \b
    Examples:
      casare schedule next
      casare schedule next 770e8400-e29b-41d4-a716-446655440002 --count 5
    """
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        if schedule_id is not None:
            from cli.client.api import segment

            schedule = api.get(f"/schedules/{segment(schedule_id)}")
            print_answer(_due_times(schedule, count), output, _print_due)
            if not schedule.get("enabled"):
                note("It is disabled: it will not run. `casare schedule enable` lets it.")
            return
        workflow_id = None if workflow is None else workflow_id_of(api, workflow)
        runs = api.get_list("/schedules/upcoming", {"workflow_id": workflow_id, "limit": count})
    print_answer(runs, output, _print_upcoming)


def _due_times(schedule: "Answer", count: int) -> "list[Answer]":
    """The next due times, reckoned as the scheduler does."""
    from services.scheduler.domain.next_due import next_due
    from services.scheduler.domain.time_zones import load_zone
    from shared.kernel.clock import to_datetime
    from shared.kernel.errors import Invalid

    found: list[Answer] = []
    at_ms: int | None = time.time_ns() // 1_000_000
    try:
        zone = load_zone(str(schedule.get("timezone")))
        while at_ms is not None and len(found) < count:
            at_ms = next_due(str(schedule.get("cron_expression")), zone.key, at_ms)
            if at_ms is not None:
                iso = f"{to_datetime(at_ms):%Y-%m-%dT%H:%M:%SZ}"
                found.append({"due_at": iso, "in_its_zone": moment_in(iso, zone), "here": moment_in(iso, None)})
    except Invalid as error:
        raise CommandFailed(f"{error.detail}.", advice="Is the server newer than this command?") from error
    return found


def _print_due(due: list[dict[str, Any]]) -> None:
    rows = [(moment(one["due_at"]), one["in_its_zone"], one["here"]) for one in due]
    print_table(("DUE", "IN ITS ZONE", "HERE"), rows, none="It is never due.")


def _print_upcoming(runs: list[dict[str, Any]]) -> None:
    rows = [
        (
            moment(run.get("next_run")),
            moment_in(run.get("next_run"), None),
            run.get("schedule_name"),
            run.get("workflow_name"),
            run.get("schedule_id"),
        )
        for run in runs
    ]
    print_table(("NEXT", "HERE", "NAME", "WORKFLOW", "SCHEDULE"), rows, none="Nothing is scheduled.")
