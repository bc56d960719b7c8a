"""`casare job`: look at jobs, watch one, cancel one."""

import time
from typing import Annotated, Final

import typer

from cli.client.connect import connect
from cli.failures import CommandFailed
from cli.output import Output, OutputFormat, note, print_json, print_table, status_text
from cli.times import age

app = typer.Typer(help="Look at jobs, watch or cancel one.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(metavar="JOB_ID")]
_CANCELLED: Final = "cancelled"


@app.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option("--status", help="Only jobs in this state.")] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Only jobs of this workflow's id.")] = None,
    robot: Annotated[str | None, typer.Option("--robot", help="Only jobs of this robot's id.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many at most.")] = 50,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the latest jobs."""
    filters = {"status": status, "workflow_id": workflow, "robot_id": robot, "limit": limit}
    with connect() as api:
        jobs = api.get_list("/metrics/jobs", filters)
    if output is OutputFormat.JSON:
        print_json(jobs)
        return
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (
            job.get("job_id"),
            job.get("workflow_name"),
            status_text(job.get("status")),
            job.get("robot_id"),
            f"{job.get('progress') or 0} %",
            age(job.get("created_at"), now_ms),
        )
        for job in jobs
    ]
    print_table(("JOB", "WORKFLOW", "STATUS", "ROBOT", "PROGRESS", "AGE"), rows, none="No jobs.")


@app.command()
def show(job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Show one job: its state, what its nodes did, and its result."""
    from cli.client.api import segment
    from cli.views.job import print_job

    with connect() as api:
        job = api.get(f"/jobs/{segment(job_id)}")
    if output is OutputFormat.JSON:
        print_json(job)
    else:
        print_job(job)


@app.command()
def watch(job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Watch a job to its end, then print its result; exit code 1 unless it completed."""
    from cli.watch import watch_to_end

    with connect() as api:
        watch_to_end(api, job_id, output)


@app.command()
def cancel(job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Cancel a job that has not finished."""
    from cli.client.api import segment

    with connect() as api:
        answer = api.post(f"/jobs/{segment(job_id)}/cancel")
    if output is OutputFormat.JSON:
        print_json(answer)
    # A job that is cancelled already is as was asked for: a repeat of a call whose answer was lost ends here too.
    if not answer.get("cancelled") and answer.get("previous_status") != _CANCELLED:
        raise CommandFailed(f"{answer.get('message')}.")
    if output is OutputFormat.TABLE:
        note(f"Job {job_id} is cancelled.")
