"""`casare workflow push`: files become workflows, or new versions of those there are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import ExecutionMode, Mode, NameInstead, Priority
from cli.failures import ExitCode, UsageProblem
from cli.output import Output, OutputFormat, fail, note, print_answer, print_table

if TYPE_CHECKING:
    from cli.client.api import Answer, Api


def add_to(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command()(push)


def push(
    place: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="A workflow as JSON, or a folder of them.")],
    name: NameInstead = None,
    workflow_id: Annotated[
        str | None, typer.Option("--id", help="The workflow to change, where its name does not say which.")
    ] = None,
    priority: Priority = 10,
    execution_mode: Mode = ExecutionMode.LAN,
    run: Annotated[bool, typer.Option("--run", help="Run each one afterwards.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Store workflows from files: a new one, or a new version where one of that name exists. Nothing runs by itself.

    A file that is stored already changes nothing, so a folder can be pushed again and again. The exit code is 1 when
    one of several files could not be stored. Priority and execution mode are those of new workflows only.

    \b
    Examples:
      casare workflow push invoices.json
      casare workflow push flows/ --run
      casare workflow push invoices.json --id 550e8400-e29b-41d4-a716-446655440000
    """
    from cli.push import Target
    from cli.workflow_file import workflow_files

    files = workflow_files(place)
    if place.is_dir() and (name or workflow_id):
        raise UsageProblem("--name and --id are for one file, not for a folder.")
    target = Target(name=name, workflow_id=workflow_id, priority=priority, execution_mode=execution_mode.value)
    with connect() as api:
        pushed = _push_all(api, files, target, run=run)
    print_answer(pushed, output, _print_pushed)
    if any(one["outcome"] == "failed" for one in pushed):
        raise typer.Exit(ExitCode.FAILED)


def _push_all(api: "Api", files: list[Path], target: Any, *, run: bool) -> "list[Answer]":
    """What became of each file. One that cannot be stored ends it only if it is the only one."""
    from cli.failures import AccessDenied, CommandFailed, ServerUnavailable
    from cli.push import push_file, run_pushed

    pushed: list[Answer] = []
    for file in files:
        try:
            one = push_file(api, file, target)
            pushed.append(run_pushed(api, one) if run else one)
        except (AccessDenied, ServerUnavailable):
            _note_unfinished(pushed, files)
            raise
        except CommandFailed as failure:
            if len(files) == 1:
                raise
            fail(str(failure), failure.advice)
            pushed.append({"file": str(file), "outcome": "failed", "error": str(failure)})
    return pushed


def _note_unfinished(pushed: "list[Answer]", files: list[Path]) -> None:
    if len(files) > 1:
        note(f"Stopped after {len(pushed)} of {len(files)} files; pushing again goes on where it stopped.")


def _print_pushed(pushed: "list[Answer]") -> None:
    rows = [
        (one["file"], one["outcome"], one.get("version"), one.get("workflow_name"), one.get("workflow_id"))
        for one in pushed
    ]
    print_table(("FILE", "OUTCOME", "VERSION", "NAME", "WORKFLOW"), rows)
    for one in pushed:
        if one.get("job_id"):
            note(f"Job {one['job_id']} runs {one.get('workflow_name')}. Watch it: casare job watch {one['job_id']}")
