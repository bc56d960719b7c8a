"""`casare job logs`."""

import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import JobId
from cli.failures import ExitCode
from cli.output import Output, OutputFormat, note, print_answer, print_entry
from cli.times import moment_before


class Level(StrEnum):
    """How severe a line is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


def add_to(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command()(logs)


def logs(
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
    level: Annotated[Level | None, typer.Option("--level", help="Only this severe, or more.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only with this text, in any case.")] = None,
    node: Annotated[str | None, typer.Option("--node", help="Only of this node.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only from then on: 10m, 2h, or a time such as 2027-01-31T09:00:00Z.")
    ] = None,
    tail: Annotated[int | None, typer.Option("--tail", min=0, help="Of what there is, only the last lines.")] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Print a job's log, oldest line first. --follow goes on after outages of up to ten minutes, and loses nothing.

    With --follow, JSON is a line for each entry. Ctrl-C ends the reading only.

    \b
    Examples:
      casare job logs 660e8400-e29b-41d4-a716-446655440001 --level warning
      casare job logs 660e8400-e29b-41d4-a716-446655440001 -f --tail 20
      casare job logs 660e8400-e29b-41d4-a716-446655440001 --since 10m --search portal -o json
    """
    from cli.client.follow_logs import LogFilter, follow_logs, read_logs
    from cli.views.log_lines import log_printer

    wanted = LogFilter(
        level=None if level is None else level.value,
        search=search,
        node_id=node,
        since=None if since is None else moment_before(since, time.time_ns() // 1_000_000, "--since"),
    )
    show = log_printer()
    with connect() as api:
        if not follow:
            print_answer(read_logs(api, job_id, wanted, tail=tail), output, lambda lines: _print_lines(lines, show))
            return

        def seen(line: dict[str, Any]) -> None:
            print_entry(line, output, show)

        try:
            job = follow_logs(api, job_id, wanted, seen=seen, trouble=note, tail=tail)
        except KeyboardInterrupt as detached:
            raise typer.Exit(ExitCode.INTERRUPTED) from detached
    note(f"Job {job_id} is {job.get('status')}.")


def _print_lines(lines: list[dict[str, Any]], show: Any) -> None:
    for line in lines:
        show(line)
    if not lines:
        note("No lines.")
