"""`casare webhook`: let other systems start a workflow."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.client.connect import connect
from cli.commands.options import OwnPriority, WorkflowRef, Yes
from cli.confirm import confirm
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import moment

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Let other systems start a workflow by a signed call.", no_args_is_help=True)


@app.command()
def create(
    workflow: WorkflowRef,
    name: Annotated[str | None, typer.Option("--name", help="What to call it. Default: the workflow's name.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    priority: OwnPriority = None,
    environment: Annotated[str, typer.Option("--environment", help="Whose robots may take its jobs.")] = "default",
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create a webhook. Its secret, which signs the calls, is printed once: it cannot be looked up later.

    \b
    Examples:
      casare webhook create "Check invoices" --name "Shop orders"
    """
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of

    wanted = {"name": name, "description": description, "priority": priority, "environment": environment}
    body = {key: value for key, value in wanted.items() if value is not None}
    with connect() as api:
        workflow_id = workflow_id_of(api, workflow)
        created = api.create(f"/workflows/{segment(workflow_id)}/webhooks", body)
    print_answer(created, output, _print_secret)


@app.command("list")
def list_webhooks(workflow: WorkflowRef, output: Output = OutputFormat.TABLE) -> None:
    """List a workflow's webhooks, without their secrets.

    \b
    Examples:
      casare webhook list "Check invoices"
    """
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of

    with connect() as api:
        workflow_id = workflow_id_of(api, workflow)
        found = api.get(f"/workflows/{segment(workflow_id)}/webhooks")
    print_answer(list(found.get("webhooks", ())), output, _print_webhooks)


@app.command()
def delete(
    workflow: WorkflowRef,
    webhook_id: Annotated[str, typer.Argument(metavar="WEBHOOK_ID", help="The webhook's id.")],
    yes: Yes = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Delete a webhook: calls to it are refused from now on.

    \b
    Examples:
      casare webhook delete "Check invoices" 7c2a1f0e-6f43-5f0b-9c9d-2f2f4bb0a1c3 --yes
    """
    from cli.client.api import segment
    from cli.client.workflow_names import workflow_id_of

    confirm(f"Delete the webhook {webhook_id}?", yes=yes)
    with connect() as api:
        workflow_id = workflow_id_of(api, workflow)
        deleted = api.delete(f"/workflows/{segment(workflow_id)}/webhooks/{segment(webhook_id)}")
    print_answer(deleted, output, lambda _: note(f"The webhook {webhook_id} is deleted."))


def _print_secret(created: "Answer") -> None:
    print_fields(
        [
            ("webhook", created.get("webhook_id")),
            ("url", created.get("url")),
            ("secret", created.get("secret")),
        ]
    )
    note("Keep the secret now: it is shown only this once. docs/guides/api.md shows how to sign a call.")


def _print_webhooks(webhooks: "list[Answer]") -> None:
    rows = [
        (one.get("webhook_id"), one.get("name"), one.get("url"), moment(one.get("created_at")), one.get("created_by"))
        for one in webhooks
    ]
    print_table(("WEBHOOK", "NAME", "URL", "CREATED", "BY"), rows, none="No webhooks.")
