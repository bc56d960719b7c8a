"""Watching jobs to their end, and what the command then makes of it."""

from collections.abc import Sequence

import typer

from cli.client.api import Answer, Api
from cli.client.follow import follow_all
from cli.failures import ExitCode
from cli.output import OutputFormat, note, print_answer
from cli.views.job import print_ending, print_endings
from cli.views.watching import display

COMPLETED = "completed"


def watch_to_end(api: Api, job_ids: Sequence[str], output: OutputFormat, *, with_logs: bool = False) -> None:
    """Shows the jobs until they have ended, then prints one as it is and several as a list.

    Exits with 1 unless all completed, with 130 on Ctrl-C: that ends the watch, not the jobs. Raises CommandFailed.
    """
    try:
        jobs = [_read_along(api, job_ids[0])] if with_logs else _watch(api, job_ids)
    except KeyboardInterrupt as detached:
        note(f"Stopped watching; the job goes on. Watch it again: casare job watch {' '.join(job_ids)}")
        raise typer.Exit(ExitCode.INTERRUPTED) from detached
    if len(jobs) == 1:
        print_answer(jobs[0], output, _print_one)
    else:
        print_answer(jobs, output, print_endings)
    if any(job.get("status") != COMPLETED for job in jobs):
        raise typer.Exit(ExitCode.FAILED)


def _watch(api: Api, job_ids: Sequence[str]) -> list[Answer]:
    with display(n_jobs=len(job_ids)) as shown:
        return follow_all(api, job_ids, seen=shown.show, trouble=shown.trouble)


def _read_along(api: Api, job_id: str) -> Answer:
    from cli.client.follow_logs import LogFilter, follow_logs
    from cli.views.log_lines import log_printer

    return follow_logs(api, job_id, LogFilter(), seen=log_printer(on_stderr=True), trouble=note)


def _print_one(job: Answer) -> None:
    print_ending(job)
    note(f"Job {job.get('job_id')} of workflow {job.get('workflow_id')}")
    if job.get("status") != COMPLETED:
        note(f"More about it: casare job show {job.get('job_id')}")
