"""`casare workflow`: look at workflows, delete them; the rest of the group is in modules of its own."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands import workflow_diff, workflow_push, workflow_run, workflow_submit
from cli.commands.options import All, Limit, WorkflowRef, Yes, note_hidden
from cli.confirm import confirm
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import age, moment

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Push, run and compare workflows, look at them.", no_args_is_help=True)
workflow_push.add_to(app)
workflow_run.add_to(app)
workflow_submit.add_to(app)


@app.command("list")
def list_workflows(
    search: Annotated[str | None, typer.Option("--search", help="Only with this in the name, in any case.")] = None,
    limit: Limit = 100,
    everything: All = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the workflows, newest first.

    \b
    Examples:
      casare workflow list --search invoice
      casare workflow list --all -o json
    """
    from cli.client.pages import read_list

    with connect() as api:
        found = read_list(api, "/workflows", "workflows", {"search": search}, limit=None if everything else limit)
    print_answer(found.entries, output, _print_workflows)
    note_hidden(found.n_hidden)


@app.command()
def show(
    workflow: WorkflowRef,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Default: the current one.")] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show a workflow; `-o json` with its definition.

    \b
    Examples:
      casare workflow show "Check invoices"
      casare workflow show "Check invoices" --version 1 -o json
    """
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        workflow_id = workflow_id_of(api, workflow)
        found = api.get(f"/workflows/{segment(workflow_id)}", {"version": version})
    print_answer(found, output, _print_workflow)


@app.command()
def versions(workflow: WorkflowRef, output: Output = OutputFormat.TABLE) -> None:
    """List the versions of a workflow, newest first.

    \b
    Examples:
      casare workflow versions "Check invoices"
    """
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        workflow_id = workflow_id_of(api, workflow)
        found = api.get(f"/workflows/{segment(workflow_id)}/versions")
    print_answer(list(found.get("versions", ())), output, _print_versions)


workflow_diff.add_to(app)


@app.command()
def delete(workflow: WorkflowRef, yes: Yes = False, output: Output = OutputFormat.TABLE) -> None:
    """Delete a workflow with its schedules and webhooks. Its waiting jobs are cancelled; running ones finish.

    \b
    Examples:
      casare workflow delete "Check invoices"
      casare workflow delete 550e8400-e29b-41d4-a716-446655440000 --yes
    """
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        workflow_id = workflow_id_of(api, workflow)
        confirm(f"Delete the workflow {workflow} with its schedules and webhooks?", yes=yes)
        answer = api.delete(f"/workflows/{segment(workflow_id)}")
    print_answer(answer, output, lambda _: note(f"The workflow {workflow} is deleted."))


def _print_workflows(workflows: "list[Answer]") -> None:
    now_ms = time.time_ns() // 1_000_000
    rows = [
        (one.get("workflow_id"), one.get("workflow_name"), one.get("version"), age(one.get("updated_at"), now_ms))
        for one in workflows
    ]
    print_table(("WORKFLOW", "NAME", "VERSION", "CHANGED"), rows, none="No workflows. `casare workflow push` adds one.")


def _print_workflow(workflow: "Answer") -> None:
    print_fields(
        [
            ("workflow", workflow.get("workflow_id")),
            ("name", workflow.get("workflow_name")),
            ("description", workflow.get("description")),
            ("version", workflow.get("version")),
            ("nodes", _count_nodes(workflow.get("workflow_json"))),
            ("created", moment(workflow.get("created_at"))),
            ("updated", moment(workflow.get("updated_at"))),
        ]
    )


def _print_versions(versions: "list[Answer]") -> None:
    rows = [
        (
            one.get("version"),
            moment(one.get("created_at")),
            one.get("created_by"),
            one.get("n_nodes"),
            one.get("size_bytes"),
        )
        for one in versions
    ]
    print_table(("VERSION", "CREATED", "BY", "NODES", "BYTES"), rows, none="No versions.")


def _count_nodes(definition: Any) -> int | None:
    nodes = definition.get("nodes") if isinstance(definition, dict) else None
    return len(nodes) if isinstance(nodes, dict | list) else None
