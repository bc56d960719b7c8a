"""`casare metrics`: the figures, and how to count them again."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.status import print_fleet
from cli.failures import CommandFailed, ExitCode
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table, status_text
from cli.times import duration, moment, moment_before

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Figures of the fleet and of jobs, and what happened.", no_args_is_help=True)


@app.command()
def fleet(output: Output = OutputFormat.TABLE) -> None:
    """Show how many robots there are, what they do, and how many jobs wait; as `casare status`.

    \b
    Examples:
      casare metrics fleet -o yaml
    """
    with connect() as api:
        found = api.get("/metrics/fleet")
    print_answer(found, output, print_fleet)


@app.command()
def robots(output: Output = OutputFormat.TABLE) -> None:
    """Show what each robot did today.

    \b
    Examples:
      casare metrics robots
    """
    with connect() as api:
        found = api.get_list("/metrics/robots")
    print_answer(found, output, _print_robots)


@app.command()
def analytics(
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="Today (UTC) and how many days before.")] = 7,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show how many jobs succeed, how long they take, and why they fail.

    \b
    Examples:
      casare metrics analytics --days 30
    """
    with connect() as api:
        found = api.get("/metrics/analytics", {"days": days})
    print_answer(found, output, _print_analytics)


@app.command()
def activity(
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="How many at most.")] = 50,
    since: Annotated[
        str | None, typer.Option("--since", help="Only after then: 10m, 2h, or a time such as 2027-01-31T09:00:00Z.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only this, e.g. job_completed.")] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show what happened last.

    \b
    Examples:
      casare metrics activity --since 1h --type job_failed
    """
    after = None if since is None else moment_before(since, time.time_ns() // 1_000_000, "--since").isoformat()
    with connect() as api:
        found = api.get("/metrics/activity", {"limit": limit, "since": after, "event_type": kind})
    print_answer(list(found.get("events", ())), output, _print_activity)


@app.command()
def rebuild(
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")] = True,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Count all finished jobs again, where figures are missing or wrong. For administrators.

    It may be repeated at any time; jobs that end meanwhile are counted when it is done.

    \b
    Examples:
      casare metrics rebuild
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
    print_answer(latest, output, lambda _: None)
    if latest.get("status") == "failed":
        raise CommandFailed("The rebuild was given up after several attempts.", advice="See the server's log.")
    if output is OutputFormat.TABLE:
        note("The figures are rebuilt." if latest.get("status") == "done" else "The rebuild has begun.")
        if latest.get("total_kept"):
            note("Prometheus' totals stay: they count jobs that are gone, and never fall.")


def _print_robots(robots: "list[Answer]") -> None:
    rows = [
        (
            robot.get("robot_id"),
            robot.get("name"),
            status_text(robot.get("status")),
            robot.get("jobs_completed_today"),
            robot.get("jobs_failed_today"),
            duration(robot.get("avg_job_duration_ms")),
            robot.get("current_job"),
        )
        for robot in robots
    ]
    print_table(("ROBOT", "NAME", "STATUS", "COMPLETED", "FAILED", "MEAN TIME", "JOB"), rows, none="No robots.")


def _print_analytics(figures: dict[str, Any]) -> None:
    print_fields(
        [
            ("succeeded", f"{figures.get('success_rate')} %"),
            ("failed", f"{figures.get('failure_rate')} %"),
            ("half took up to", duration(figures.get("duration_p50_ms"))),
            ("90 % up to", duration(figures.get("duration_p90_ms"))),
            ("99 % up to", duration(figures.get("duration_p99_ms"))),
            ("healed themselves", f"{figures.get('self_healing_success_rate')} %"),
        ]
    )
    if slowest := figures.get("slowest_workflows"):
        print()
        rows = [
            (one.get("workflow_name"), duration(one.get("avg_duration_ms")), one.get("workflow_id")) for one in slowest
        ]
        print_table(("SLOWEST", "MEAN TIME", "WORKFLOW"), rows)
    if errors := figures.get("error_distribution"):
        print()
        print_table(("ERROR", "JOBS"), list(errors.items()))


def _print_activity(events: "list[Answer]") -> None:
    rows = [(moment(event.get("timestamp")), event.get("event_type"), _about(event)) for event in events]
    print_table(("TIME", "WHAT", "ABOUT"), rows, none="Nothing happened.")


def _about(event: "Answer") -> str:
    data = event.get("data") or {}
    flat = [(name, value) for name, value in data.items() if value is not None and not isinstance(value, dict | list)]
    return " ".join(f"{name}={value}" for name, value in flat)
