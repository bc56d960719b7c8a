"""`casare workflow diff`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.completion import complete_workflow
from cli.failures import ExitCode, UsageProblem
from cli.output import Output, OutputFormat, note, print_answer

if TYPE_CHECKING:
    from cli.client.api import Api


def add_to(app: typer.Typer) -> None:
    """Adds the command to the group."""
    app.command()(diff)


def diff(
    workflow: Annotated[
        str,
        typer.Argument(
            metavar="WORKFLOW|FILE",
            help="A workflow's id or name, or the file of one that is stored.",
            autocompletion=complete_workflow,
        ),
    ],
    before: Annotated[
        str | None,
        typer.Argument(metavar="[V1|FILE]", help="A version, or a file. Default: the version before the last."),
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="[V2|FILE]", help="A version, or a file. Default: the last version.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="As a unified diff of the JSON.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when something differs.")] = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show what differs between two versions of a workflow, or between the stored one and a file.

    A file given alone is compared with the last version of the workflow that it would be pushed to. Added, removed and
    changed nodes, connections and variables are shown; the order of an object's keys means nothing.

    \b
    Examples:
      casare workflow diff "Check invoices"
      casare workflow diff "Check invoices" 1 3 --raw
      casare workflow diff "Check invoices" invoices.json
      casare workflow diff invoices.json --exit-code
    """
    from cli.views.workflow_diff import print_diff, print_lines
    from cli.workflow_diff import diff as compare
    from cli.workflow_diff import raw_diff

    with connect() as api:
        (old_name, old), (new_name, new) = _both(api, workflow, before, after)
    found = compare(old, new)

    def as_text(_: Any) -> None:
        if found.is_empty:
            note(f"No difference between {old_name} and {new_name}.")
        elif raw:
            print_lines(raw_diff(old, new, old_name, new_name))
        else:
            print_diff(found, old_name, new_name)

    print_answer({"before": old_name, "after": new_name, **found.as_answer()}, output, as_text)
    if exit_code and not found.is_empty:
        raise typer.Exit(ExitCode.FAILED)


Side = tuple[str, dict[str, Any]]


def _both(api: "Api", workflow: str, before: str | None, after: str | None) -> tuple[Side, Side]:
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of
    from cli.workflow_file import read_workflow

    file = Path(workflow)
    if file.is_file():
        if before is not None:
            raise UsageProblem("A file is compared with what is stored; it has no versions.")
        workflow, before, after = read_workflow(file, name=None, assignments=()).name, None, str(file)
    workflow_id = workflow_id_of(api, workflow)
    last = int(api.get(f"/workflows/{segment(workflow_id)}/versions")["current_version"])
    if before is not None and after is None and not before.isdigit():
        before, after = None, before  # `diff WORKFLOW FILE`: from what is stored to the file
    if last == 1 and before is None and after is None:
        raise UsageProblem(
            f"{workflow} has one version: there is none to compare it with.", advice="Name a file to compare it with."
        )
    if before is None:
        before = str(last if after is not None else max(1, last - 1))
    return _side(api, workflow_id, before), _side(api, workflow_id, after or str(last))


def _side(api: "Api", workflow_id: str, text: str) -> Side:
    from cli.client.api import segment
    from cli.workflow_file import read_workflow

    if text.isdigit():
        found = api.get(f"/workflows/{segment(workflow_id)}", {"version": int(text)})
        return f"{found.get('workflow_name')}, version {text}", found.get("workflow_json") or {}
    return text, dict(read_workflow(Path(text), name=None, assignments=()).definition)
