"""The `casare` command.

Nothing heavy is imported here or by the modules of `cli/commands`: `casare --help` answers at once.
"""

import io
import sys
from typing import Annotated

import typer

from cli.client.connect import choose_profile
from cli.commands import (
    audit,
    config,
    dead_letters,
    doctor,
    events,
    jobs,
    keys,
    login,
    metrics,
    processes,
    profiles,
    robots,
    schedules,
    status,
    tenants,
    top,
    users,
    webhooks,
    workflows,
)
from cli.completion import complete_profile
from cli.error_boundary import CasareGroup
from cli.output import forbid_colours

_EXIT_CODES = (
    "Exit codes: 0 done; 1 the job or operation failed; 2 wrong usage or configuration; 3 not logged in or not "
    "allowed; 4 no such thing; 5 the server cannot be reached or is unavailable; 130 interrupted by Ctrl-C; 141 nobody "
    "reads the output any more. --profile and --no-color may stand anywhere in a command."
)

app = typer.Typer(
    name="casare",
    cls=CasareGroup,
    help="Runs and uses an orchestrator of robots: submit workflows, watch jobs, schedule runs.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    # A trace with the values of variables would show tokens.
    pretty_exceptions_enable=False,
)

processes.add_to(app)
config.add_to(app)
doctor.add_to(app)
login.add_to(app)
status.add_to(app)
top.add_to(app)
app.add_typer(profiles.app, name="profile")
app.add_typer(workflows.app, name="workflow")
app.add_typer(jobs.app, name="job")
app.add_typer(robots.app, name="robot")
app.add_typer(schedules.app, name="schedule")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(keys.app, name="key")
app.add_typer(users.app, name="user")
app.add_typer(tenants.app, name="tenant")
app.add_typer(metrics.app, name="metrics")
app.add_typer(audit.app, name="audit")
app.add_typer(events.app, name="events")


@app.callback()
def prepare(
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            "-p",
            envvar="CASARE_PROFILE",
            help="The login to use, by its name. Default: the one in use.",
            autocompletion=complete_profile,
        ),
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, also on a terminal.")] = False,
) -> None:
    """Runs before every command."""
    choose_profile(profile or None)
    forbid_colours(no_color)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    app()
