"""`casare dlq`: jobs that failed for good, until somebody deals with them."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cli.client.connect import connect
from cli.commands.options import All, JobId, JobIds, Limit, Yes, note_hidden
from cli.completion import complete_job
from cli.confirm import confirm
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import age, moment, seconds_in

if TYPE_CHECKING:
    from cli.client.api import Answer, Api

app = typer.Typer(help="Deal with dead letters: jobs that failed or timed out for good.", no_args_is_help=True)

_DAY_SECONDS: Final = 86_400


@app.command("list")
def list_dead_letters(limit: Limit = 100, everything: All = False, output: Output = OutputFormat.TABLE) -> None:
    """List the dead letters, last ended first.

    \b
    Examples:
      casare dlq list
      casare dlq list --all -o json
    """
    from cli.client.pages import read_list

    with connect() as api:
        found = read_list(api, "/dlq", "entries", limit=None if everything else limit)
    print_answer(found.entries, output, _print_entries)
    note_hidden(found.n_hidden)


@app.command()
def stats(output: Output = OutputFormat.TABLE) -> None:
    """Count the dead letters by reason, error and workflow.

    \b
    Examples:
      casare dlq stats
    """
    with connect() as api:
        found = api.get("/dlq/stats")
    print_answer(found, output, _print_stats)


@app.command()
def show(job_id: JobId, output: Output = OutputFormat.TABLE) -> None:
    """Show the job of a dead letter: its error, its nodes, its result.

    \b
    Examples:
      casare dlq show 660e8400-e29b-41d4-a716-446655440001
    """
    from cli.client.api import segment
    from cli.views.job import print_job

    with connect() as api:
        job = api.get(f"/jobs/{segment(job_id)}")
    print_answer(job, output, print_job)


@app.command()
def retry(
    job_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB_ID...]", help="Dead letters' ids.", autocompletion=complete_job),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    yes: Yes = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Run dead letters again as new jobs; they are dead letters no more. Doing it twice makes no second job.

    \b
    Examples:
      casare dlq retry 660e8400-e29b-41d4-a716-446655440001
      casare dlq retry --all --yes
    """
    from cli.client.api import segment
    from cli.each import for_each
    from cli.views.steps import steps

    if bool(job_ids) == everything:
        raise UsageProblem("Name the dead letters, or say --all.", advice="`casare dlq list` shows them.")
    with connect() as api:
        wanted = job_ids or _all_ids(api, yes=yes)
        with steps("dead letters retried", quiet=len(wanted) == 1) as shown:
            done = iter(range(1, len(wanted) + 1))

            def retry_one(job_id: str) -> "Answer":
                try:
                    return api.create_once(f"/dlq/{segment(job_id)}/retry")
                finally:
                    shown.at(next(done), len(wanted))

            outcomes = for_each(wanted, retry_one)
    print_answer(outcomes.answers, output, _print_retried)
    outcomes.finish()


@app.command()
def delete(job_ids: JobIds, yes: Yes = False, output: Output = OutputFormat.TABLE) -> None:
    """Drop dead letters without running them again. Their jobs stay in the history.

    \b
    Examples:
      casare dlq delete 660e8400-e29b-41d4-a716-446655440001 --yes
    """
    from cli.client.api import segment
    from cli.each import for_each

    confirm(f"Drop {len(job_ids)} dead letters?", yes=yes)
    with connect() as api:
        outcomes = for_each(job_ids, lambda job_id: api.delete(f"/dlq/{segment(job_id)}"))
    print_answer(outcomes.answers, output, _note_dropped)
    outcomes.finish()


@app.command()
def purge(
    older_than: Annotated[str, typer.Option("--older-than", help="Only what ended longer ago, in days: 30d.")],
    yes: Yes = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Drop all dead letters that ended long ago. For administrators.

    \b
    Examples:
      casare dlq purge --older-than 30d
      casare dlq purge --older-than 0d --yes
    """
    days = _days(older_than)
    confirm(f"Drop all dead letters that ended more than {days} days ago?", yes=yes)
    purged = 0
    with connect() as api:
        while True:
            answer = api.post("/dlq/purge", params={"older_than_days": days})
            purged += int(answer.get("purged") or 0)
            if answer.get("complete", True):
                break
            note(f"{purged} are dropped so far …")
    print_answer({"purged": purged}, output, lambda _: note(f"{purged} dead letters are dropped."))


def _days(text: str) -> int:
    seconds = seconds_in(f"{text}d" if text.strip().isdigit() else text, "--older-than")
    if seconds % _DAY_SECONDS:
        raise UsageProblem(f"--older-than {text}: not a number of whole days.", advice="For example: 30d.")
    return seconds // _DAY_SECONDS


def _all_ids(api: "Api", *, yes: bool) -> list[str]:
    from cli.client.pages import read_list

    ids = [str(entry["job_id"]) for entry in read_list(api, "/dlq", "entries", limit=None).entries]
    if ids:
        confirm(f"Run all {len(ids)} dead letters again?", yes=yes)
    else:
        note("No dead letters.")
    return ids


def _print_entries(entries: "list[Answer]") -> None:
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (
            entry.get("job_id"),
            entry.get("workflow_name"),
            entry.get("reason"),
            f"{entry.get('attempts')}/{entry.get('max_attempts')}",
            age(entry.get("ended_at"), now_ms),
            entry.get("error_message") or entry.get("error_type"),
        )
        for entry in entries
    ]
    print_table(("JOB", "WORKFLOW", "REASON", "ATTEMPTS", "AGE", "ERROR"), rows, none="No dead letters.")


def _print_stats(stats: dict[str, Any]) -> None:
    print_fields(
        [
            ("dead letters", stats.get("total")),
            ("oldest", moment(stats.get("oldest_at"))),
            ("newest", moment(stats.get("newest_at"))),
        ]
    )
    workflows = {str(one.get("workflow_name")): one.get("count") for one in stats.get("by_workflow") or ()}
    counts = {
        "REASON": stats.get("by_reason") or {},
        "ERROR": stats.get("by_error_type") or {},
        "WORKFLOW": workflows,
    }
    for title, count in counts.items():
        if count:
            print()
            print_table((title, "COUNT"), list(count.items()))


def _note_dropped(answers: "list[Answer]") -> None:
    if answers:
        note(f"{len(answers)} dead letters are dropped.")


def _print_retried(answers: "list[Answer]") -> None:
    rows = [(answer.get("new_job_id"), answer.get("original_job_id")) for answer in answers]
    if rows:
        print_table(("JOB", "RETRY OF"), rows)
