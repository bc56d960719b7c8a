"""`casare job`: look at jobs, watch them, read their logs, cancel and retry them."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.client.connect import connect
from cli.commands import job_logs
from cli.commands.options import All, JobId, JobIds, Limit, WorkflowFilter, note_hidden
from cli.completion import complete_robot
from cli.failures import CommandFailed
from cli.output import Output, OutputFormat, note, print_answer, print_table, status_text
from cli.times import age

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Look at jobs, watch them, read their logs, cancel and retry them.", no_args_is_help=True)

_CANCELLED: Final = "cancelled"


class Status(StrEnum):
    """A job's state."""

    PENDING = "pending"
    CLAIMED = "claimed"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


@app.command("list")
def list_jobs(
    status: Annotated[Status | None, typer.Option("--status", help="Only jobs in this state.")] = None,
    workflow: WorkflowFilter = None,
    robot: Annotated[
        str | None,
        typer.Option("--robot", help="Only jobs of this robot's id.", autocompletion=complete_robot),
    ] = None,
    environment: Annotated[str | None, typer.Option("--environment", help="Only jobs of this environment.")] = None,
    limit: Limit = 50,
    everything: All = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the jobs, newest first.

    \b
    Examples:
      casare job list --status failed --workflow "Check invoices"
      casare job list --all -o json
    """
    from cli.client.pages import read_list
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        filters = {
            "status": None if status is None else status.value,
            "workflow_id": None if workflow is None else workflow_id_of(api, workflow),
            "robot_id": robot,
            "environment": environment,
        }
        found = read_list(api, "/jobs", "jobs", filters, limit=None if everything else limit)
    print_answer(found.entries, output, _print_jobs)
    note_hidden(found.n_hidden)


@app.command()
def show(job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Show one job: its state, what its nodes did, and its result.

    \b
    Examples:
      casare job show 660e8400-e29b-41d4-a716-446655440001
    """
    from cli.client.api import segment
    from cli.views.job import print_job

    with connect() as api:
        job = api.get(f"/jobs/{segment(job_id)}")
    print_answer(job, output, print_job)


@app.command()
def watch(job_ids: JobIds, output: Output = OutputFormat.TABLE) -> None:
    """Watch jobs to their end, then print their results; exit code 1 unless all completed. Ctrl-C ends the watch only.

    \b
    Examples:
      casare job watch 660e8400-e29b-41d4-a716-446655440001
      casare job watch $(casare job list --status running -o json | jq -r '.[].job_id')
    """
    from cli.watch import watch_to_end

    with connect() as api:
        watch_to_end(api, job_ids, output)


job_logs.add_to(app)


@app.command()
def explain(job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Explain why a job is not running: no robot that can, all busy, others first, or its time has not come.

    \b
    Examples:
      casare job explain 660e8400-e29b-41d4-a716-446655440001
    """
    from cli.client.api import segment
    from cli.views.job import print_explanation

    with connect() as api:
        explanation = api.get(f"/jobs/{segment(job_id)}/explain")
    print_answer(explanation, output, print_explanation)


@app.command()
def cancel(job_ids: JobIds, output: Output = OutputFormat.TABLE) -> None:
    """Cancel jobs that have not finished. One that is cancelled already is fine; one that has ended is exit code 1.

    \b
    Examples:
      casare job cancel 660e8400-e29b-41d4-a716-446655440001
      casare job cancel $(casare job list --status pending -o json | jq -r '.[].job_id')
    """
    from cli.client.api import segment
    from cli.each import for_each

    with connect() as api:

        def cancel_one(job_id: str) -> "Answer":
            answer = api.post(f"/jobs/{segment(job_id)}/cancel")
            # A repeat of a call whose answer was lost ends here too.
            if not answer.get("cancelled") and answer.get("previous_status") != _CANCELLED:
                raise CommandFailed(f"Job {job_id}: {answer.get('message')}.")
            return answer

        outcomes = for_each(job_ids, cancel_one)
    print_answer(outcomes.answers, output, _note_cancelled)
    outcomes.finish()


@app.command()
def retry(
    job_ids: JobIds,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Stay until the new jobs have ended.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Run jobs that failed, timed out or were cancelled again, as new jobs with all their attempts.

    \b
    Examples:
      casare job retry 660e8400-e29b-41d4-a716-446655440001 --watch
    """
    from cli.client.api import segment
    from cli.each import for_each
    from cli.watch import watch_to_end

    with connect() as api:
        outcomes = for_each(job_ids, lambda job_id: api.create_once(f"/jobs/{segment(job_id)}/retry"))
        if watch and outcomes.answers:
            watch_to_end(api, [str(answer["new_job_id"]) for answer in outcomes.answers], output)
            outcomes.finish()
            return
    print_answer(outcomes.answers, output, _note_retried)
    outcomes.finish()


def _print_jobs(jobs: "list[Answer]") -> None:
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


def _note_cancelled(answers: "list[Answer]") -> None:
    for answer in answers:
        note(f"Job {answer.get('job_id')} is cancelled.")


def _note_retried(answers: "list[Answer]") -> None:
    rows = [(answer.get("new_job_id"), answer.get("original_job_id")) for answer in answers]
    if rows:
        print_table(("JOB", "RETRY OF"), rows)
        note(f"Watch: casare job watch {' '.join(str(row[0]) for row in rows)}")
