"""`casare metrics`: look after the figures."""

from typing import Annotated

import typer

from cli.client.connect import connect
from cli.failures import CommandFailed, ExitCode
from cli.output import Output, OutputFormat, note, print_json

app = typer.Typer(help="Look after the figures.", no_args_is_help=True)


@app.command()
def rebuild(
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")] = True,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Count all finished jobs again, where figures are missing or wrong. For administrators.

    It may be repeated at any time; jobs that end meanwhile are counted when it is done.
    """
    from cli.client.follow_rebuild import follow_rebuild

    with connect() as api:
        latest = api.post("/metrics/rebuild")
        if wait:
            try:
                latest = follow_rebuild(api, latest, seen=note)
            except KeyboardInterrupt as detached:
                note("Stopped waiting; the rebuild goes on.")
                raise typer.Exit(ExitCode.INTERRUPTED) from detached
    if output is OutputFormat.JSON:
        print_json(latest)
    if latest.get("status") == "failed":
        raise CommandFailed("The rebuild was given up after several attempts.", advice="See the server's log.")
    if output is OutputFormat.TABLE:
        note("The figures are rebuilt." if latest.get("status") == "done" else "The rebuild has begun.")
        if latest.get("total_kept"):
            note("Prometheus' totals stay: they count jobs that are gone, and never fall.")
