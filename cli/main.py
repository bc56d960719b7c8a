"""The `casare` command.

Nothing heavy is imported here or by the modules of `cli/commands`: `casare --help` answers at once.
"""

import io
import sys

import typer

from cli.commands import (
    audit,
    config,
    doctor,
    events,
    jobs,
    keys,
    login,
    metrics,
    processes,
    robots,
    schedules,
    status,
    top,
    workflows,
)
from cli.error_boundary import CasareGroup

_EXIT_CODES = (
    "Exit codes: 0 done; 1 the job or operation failed; 2 wrong usage or configuration; 3 not logged in or not "
    "allowed; 4 no such thing; 5 the server cannot be reached or is unavailable."
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
app.add_typer(workflows.app, name="workflow")
app.add_typer(jobs.app, name="job")
app.add_typer(robots.app, name="robot")
app.add_typer(schedules.app, name="schedule")
app.add_typer(keys.app, name="key")
app.add_typer(metrics.app, name="metrics")
app.add_typer(audit.app, name="audit")
app.add_typer(events.app, name="events")


@app.callback()
def prepare() -> None:
    """Runs before every command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    app()
