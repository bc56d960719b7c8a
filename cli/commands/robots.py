"""`casare robot`: run one, look at all, stop and restart their work."""

import os
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import All, Limit, RobotId, RobotIds, Yes, note_hidden
from cli.confirm import confirm
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table, status_text
from cli.times import age, moment, seconds_in

if TYPE_CHECKING:
    from cli.client.api import Answer, Api

app = typer.Typer(help="Run a robot, look at the fleet, pause and drain robots.", no_args_is_help=True)


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
    """Run a robot in this process until Ctrl-C or SIGTERM; CASARE_ROBOT_* variables configure it.

    \b
    Examples:
      CASARE_ROBOT_API_KEY_FILE=key.txt casare robot run --robot-id line-1
    """
    from robot.main import main

    options = {"URL": url, "API_KEY": api_key, "ID": robot_id, "NAME": name}
    os.environ.update({f"CASARE_ROBOT_{key}": value for key, value in options.items() if value is not None})
    raise typer.Exit(main())


@app.command("list")
def list_robots(
    status: Annotated[str | None, typer.Option("--status", help="idle, busy, offline, error or maintenance.")] = None,
    environment: Annotated[str | None, typer.Option("--environment", help="Only robots of this environment.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only robots with this tag.")] = None,
    capability: Annotated[str | None, typer.Option("--capability", help="Only robots that can do this.")] = None,
    limit: Limit = 100,
    everything: All = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the robots.

    \b
    Examples:
      casare robot list --status offline
      casare robot list --all -o json
    """
    from cli.client.pages import read_list

    with connect() as api:
        filters = {"status": status, "environment": environment, "tag": tag, "capability": capability}
        found = read_list(api, "/robots", "robots", filters, limit=None if everything else limit)
    print_answer(found.entries, output, _print_robots)
    note_hidden(found.n_hidden)


@app.command()
def show(robot_id: RobotId, output: Output = OutputFormat.TABLE) -> None:
    """Show one robot.

    \b
    Examples:
      casare robot show line-1
    """
    from cli.client.api import segment

    with connect() as api:
        robot = api.get(f"/robots/{segment(robot_id)}")
    print_answer(robot, output, _print_robot)


@app.command()
def drain(
    robot_ids: RobotIds,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Stay until they hold no job.")] = False,
    timeout: Annotated[
        str | None, typer.Option("--timeout", help="Wait at most this long, e.g. 10m; then exit with 1.")
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Let robots finish what they hold, take nothing new, and leave, as before an update of their machine.

    A robot that is started again takes jobs again; so does one that is resumed.

    \b
    Examples:
      casare robot drain line-1 --wait
      casare robot drain line-1 line-2 --wait --timeout 30m
    """
    from cli.drain import wait_until_empty

    timeout_seconds = None if timeout is None else seconds_in(timeout, "--timeout")
    with connect() as api:
        answers = _command(api, robot_ids, "drain")
        if wait:
            wait_until_empty(api, robot_ids, timeout_seconds=timeout_seconds)
    holds = "holds no job" if wait else "finishes its jobs"
    _report(answers, output, f"{holds} and takes no new ones, until it is started again or resumed")


@app.command()
def pause(robot_ids: RobotIds, output: Output = OutputFormat.TABLE) -> None:
    """Let robots take no new jobs until they are resumed.

    \b
    Examples:
      casare robot pause line-1
    """
    with connect() as api:
        answers = _command(api, robot_ids, "pause")
    _report(answers, output, "is paused; `casare robot resume` ends that")


@app.command()
def resume(robot_ids: RobotIds, output: Output = OutputFormat.TABLE) -> None:
    """Let robots that were paused or drained take jobs again.

    \b
    Examples:
      casare robot resume line-1 line-2
    """
    with connect() as api:
        answers = _command(api, robot_ids, "resume")
    _report(answers, output, "takes jobs again")


@app.command()
def remove(robot_ids: RobotIds, yes: Yes = False, output: Output = OutputFormat.TABLE) -> None:
    """Delete robots: their jobs go back to the queue and their keys are revoked. For administrators.

    \b
    Examples:
      casare robot remove line-1 --yes
    """
    from cli.client.api import segment

    confirm(f"Remove {', '.join(robot_ids)}? Their keys are revoked, too.", yes=yes)
    with connect() as api:
        answers = [api.delete(f"/robots/{segment(robot_id)}") for robot_id in robot_ids]
    _report(answers, output, "is removed")


def _command(api: "Api", robot_ids: list[str], command: str) -> "list[Answer]":
    from cli.client.api import segment

    return [
        {"robot_id": robot_id, **api.post(f"/robots/{segment(robot_id)}/commands", {"command": command})}
        for robot_id in robot_ids
    ]


def _report(answers: "list[Answer]", output: OutputFormat, outcome: str) -> None:
    def say(answers: "list[Answer]") -> None:
        for answer in answers:
            note(f"Robot {answer.get('robot_id')} {outcome}.")

    print_answer(answers, output, say)


def _print_robots(robots: "list[Answer]") -> None:
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
        for robot in robots
    ]
    print_table(("ROBOT", "NAME", "STATUS", "ENVIRONMENT", "JOBS", "SEEN"), rows, none="No robots.")


def _print_robot(robot: dict[str, Any]) -> None:
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
