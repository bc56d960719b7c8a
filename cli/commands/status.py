"""`casare status`: the fleet's figures."""

from typing import TYPE_CHECKING

import typer

from cli.client.connect import connect
from cli.output import Output, OutputFormat, print_answer, print_fields

if TYPE_CHECKING:
    from cli.client.api import Answer


def add_to(app: typer.Typer) -> None:
    """Adds the command to the top level."""
    app.command("status")(status)


def status(output: Output = OutputFormat.TABLE) -> None:
    """Show how many robots there are, what they do, and how many jobs wait.

    \b
    Examples:
      casare status
      casare status --profile prod -o json
    """
    with connect() as api:
        fleet = api.get("/metrics/fleet")
    print_answer(fleet, output, print_fleet)


def print_fleet(fleet: "Answer") -> None:
    """The figures for people."""
    robots = f"{fleet.get('total_robots')} ({fleet.get('idle_robots')} idle, {fleet.get('busy_robots')} busy, "
    print_fields(
        [
            ("robots", f"{robots}{fleet.get('offline_robots')} offline)"),
            ("jobs at work", fleet.get("active_jobs")),
            ("jobs waiting", fleet.get("queue_depth")),
        ]
    )
