"""Watching a job to its end, and what the command then makes of it."""

import typer

from cli.client.api import Api
from cli.client.follow import follow
from cli.failures import ExitCode
from cli.output import OutputFormat, note, print_json
from cli.views.job import print_ending
from cli.views.watching import display

COMPLETED = "completed"


def watch_to_end(api: Api, job_id: str, output: OutputFormat) -> None:
    """Shows the job until it has ended, then prints it.

    Exits with 1 unless it completed, with 130 on Ctrl-C: that ends the watch, not the job. Raises CommandFailed.
    """
    try:
        with display() as shown:
            job = follow(api, job_id, seen=shown.show, trouble=shown.trouble)
    except KeyboardInterrupt as detached:
        note(f"Stopped watching; the job goes on. Watch it again: casare job watch {job_id}")
        raise typer.Exit(ExitCode.INTERRUPTED) from detached
    if output is OutputFormat.JSON:
        print_json(job)
    else:
        print_ending(job)
        note(f"Job {job_id} of workflow {job.get('workflow_id')}")
    if job.get("status") != COMPLETED:
        if output is OutputFormat.TABLE:
            note(f"More about it: casare job show {job_id}")
        raise typer.Exit(ExitCode.FAILED)
