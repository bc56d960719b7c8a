"""Submits many jobs in one call and follows them to their end with a progress bar.

    python examples/batch/submit_batch.py examples/batch/square.json --count 1000

What was begun is kept in a file. After Ctrl-C, a crash or a lost connection, the same command goes on where it was:
nothing is submitted twice. Exit code: 0 all completed, 1 some did not, 2 it could not be begun or followed,
130 interrupted.
"""

import argparse
import json
import sys
import uuid
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import casare
import casare.models

STATES = ("completed", "failed", "timeout", "cancelled")


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Submit many jobs in one call and follow them.")
    parser.add_argument("workflow", help="a workflow's file, or the id of a stored one")
    parser.add_argument("--count", type=int, default=1000, help="how many jobs; each gets its number as a variable")
    parser.add_argument("--state", type=Path, default=Path("submit_batch.state.json"), help="what was begun")
    options = parser.parse_args()
    console = Console()
    try:
        with casare.Client() as client:
            jobs = begin(client, options.workflow, options.count, options.state, console)
            records = follow(client, jobs, console)
    except KeyboardInterrupt:
        console.print(f"Interrupted. The jobs go on; the same command follows them again ({options.state}).")
        return 130
    except casare.CasareError as error:
        console.print(f"[red]{type(error).__name__}[/]: {error}", highlight=False)
        return 2
    options.state.unlink()
    return summary(records, console)


def begin(client: casare.Client, workflow: str, count: int, state: Path, console: Console) -> list[casare.Job]:
    """The jobs: submitted now, or found again."""
    known = json.loads(state.read_text()) if state.exists() else {}
    if known and (known["workflow"], known["count"], known["url"]) != (workflow, count, client.url):
        raise casare.ConfigurationProblem(f"{state} belongs to another batch. Finish that one, or pass --state.")
    if "jobs" in known:
        console.print(f"Going on with {count} jobs that were submitted before.")
        return [client.jobs.handle(job_id) for job_id in known["jobs"]]
    if not known:
        stored = workflow if not workflow.endswith(".json") else client.workflows.push(workflow).workflow_id
        known = {"workflow": workflow, "count": count, "url": client.url, "id": stored, "key": str(uuid.uuid4())}
        # Kept before the call: should its answer be lost, the same key finds the same jobs.
        state.write_text(json.dumps(known))
    runs = [casare.Run(known["id"], variables={"number": number}) for number in range(1, count + 1)]
    jobs = client.submit_batch(runs, idempotency_key=known["key"])
    state.write_text(json.dumps({**known, "jobs": [job.id for job in jobs]}))
    console.print(f"Submitted {len(jobs)} jobs.")
    return jobs


def follow(client: casare.Client, jobs: list[casare.Job], console: Console) -> list[casare.models.JobRecord]:
    """The jobs as they ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("waiting", total=len(jobs))

        def show(progress: casare.Progress) -> None:
            told = ", ".join(f"{count} {status}" for status, count in sorted(progress.by_status.items()))
            bar.update(task, completed=progress.ended, description=told)

        return client.wait_all(jobs, on_progress=show)


def summary(records: list[casare.models.JobRecord], console: Console) -> int:
    """The exit code, once it was said what became of the jobs."""
    counts = Counter(record.status for record in records)
    console.print("Ended: " + ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]))
    durations = sorted(record.duration_ms for record in records if record.duration_ms is not None)
    if durations:
        console.print(f"Half of them took {durations[len(durations) // 2]} ms or less.")
    unfinished = [record for record in records if record.status != "completed"]
    for record in unfinished[:10]:
        console.print(f"  {record.job_id} {record.status}: {record.error_message}", highlight=False)
    if len(unfinished) > 10:
        console.print(f"  and {len(unfinished) - 10} more")
    return 1 if unfinished else 0


if __name__ == "__main__":
    sys.exit(main())
