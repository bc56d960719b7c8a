"""`casare robot`: run one, look at all."""

import os
import time
from typing import Annotated

import typer

from cli.client.connect import connect
from cli.output import Output, OutputFormat, note_hidden, print_fields, print_json, print_table, status_text
from cli.times import age, moment

app = typer.Typer(help="Run a robot, look at the fleet.", no_args_is_help=True)


@app.command()
def run(
    url: Annotated[str | None, typer.Option("--url", help="The server. Overrides CASARE_ROBOT_URL.")] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            "--api-key",
            help="Overrides CASARE_ROBOT_API_KEY and CASARE_ROBOT_API_KEY_FILE, which, unlike this, other users of "
            "the machine cannot see.",
        ),
    ] = None,
    robot_id: Annotated[str | None, typer.Option("--robot-id", help="Overrides CASARE_ROBOT_ID.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Overrides CASARE_ROBOT_NAME.")] = None,
) -> None:
    """Run a robot in this process until Ctrl-C or SIGTERM; CASARE_ROBOT_* variables configure it."""
    from robot.main import main

    options = {"URL": url, "API_KEY": api_key, "ID": robot_id, "NAME": name}
    os.environ.update({f"CASARE_ROBOT_{key}": value for key, value in options.items() if value is not None})
    raise typer.Exit(main())


@app.command("list")
def list_robots(
    status: Annotated[str | None, typer.Option("--status", help="idle, busy, offline, error or maintenance.")] = None,
    environment: Annotated[str | None, typer.Option("--environment", help="Only robots of this environment.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many at most.")] = 100,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the robots."""
    with connect() as api:
        answer = api.get("/robots", {"status": status, "environment": environment, "limit": limit})
    if output is OutputFormat.JSON:
        print_json(answer)
        return
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (
            robot.get("robot_id"),
            robot.get("name"),
            status_text(robot.get("status")),
            robot.get("environment"),
            f"{len(robot.get('current_job_ids', ()))}/{robot.get('max_concurrent_jobs')}",
            age(robot.get("last_seen"), now_ms),
        )
        for robot in answer.get("robots", ())
    ]
    print_table(("ROBOT", "NAME", "STATUS", "ENVIRONMENT", "JOBS", "SEEN"), rows, none="No robots.")
    note_hidden(len(rows), answer.get("total"))


@app.command()
def show(robot_id: Annotated[str, typer.Argument(metavar="ROBOT_ID")], output: Output = OutputFormat.TABLE) -> None:
    """Show one robot."""
    from cli.client.api import segment

    with connect() as api:
        robot = api.get(f"/robots/{segment(robot_id)}")
    if output is OutputFormat.JSON:
        print_json(robot)
        return
    print_fields(
        [
            ("robot", robot.get("robot_id")),
            ("name", robot.get("name")),
            ("status", status_text(robot.get("status"))),
            ("host", robot.get("hostname")),
            ("environment", robot.get("environment")),
            ("capabilities", ", ".join(robot.get("capabilities") or ())),
            ("tags", ", ".join(robot.get("tags") or ())),
            ("jobs", ", ".join(robot.get("current_job_ids") or ())),
            ("at a time", robot.get("max_concurrent_jobs")),
            ("last seen", moment(robot.get("last_seen"))),
            ("registered", moment(robot.get("created_at"))),
            *((name, value) for name, value in (robot.get("metrics") or {}).items()),
        ]
    )
