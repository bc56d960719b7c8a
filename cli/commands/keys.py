"""`casare key`: robots' API keys."""

from typing import Annotated

import typer

from cli.client.connect import connect
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, note, note_hidden, print_fields, print_json, print_table, status_text
from cli.times import moment

app = typer.Typer(help="Create, list and revoke robots' API keys.", no_args_is_help=True)


@app.command()
def create(
    robot_id: Annotated[
        str | None,
        typer.Option("--robot-id", help="The one robot it is for; without it, it can register any robot."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call it. Default: the robot's id.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    expires_at: Annotated[
        str | None, typer.Option("--expires-at", help="When it ends, e.g. 2027-01-31T00:00:00Z. Default: never.")
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create an API key for a robot. Its secret is printed once: it cannot be looked up later."""
    if not name and not robot_id:
        raise UsageProblem("A key needs --robot-id or --name.")
    wanted = {"robot_id": robot_id, "name": name or robot_id, "description": description, "expires_at": expires_at}
    body = {key: value for key, value in wanted.items() if value is not None}
    with connect() as api:
        created = api.create("/robot-api-keys", body)
    if output is OutputFormat.JSON:
        print_json(created)
        return
    key = created.get("key") or {}
    print_fields([("key", created.get("api_key")), ("id", key.get("id")), ("robot", key.get("robot_id"))])
    note("Keep the key now: it is shown only this once. The robot reads it from CASARE_ROBOT_API_KEY.")


@app.command("list")
def list_keys(
    robot_id: Annotated[str | None, typer.Option("--robot-id", help="Only keys of this robot.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="How many at most.")] = 100,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the keys, newest first, without their secrets."""
    with connect() as api:
        answer = api.get("/robot-api-keys", {"robot_id": robot_id, "limit": limit})
    if output is OutputFormat.JSON:
        print_json(answer)
        return
    rows = [
        (
            key.get("id"),
            key.get("key_name"),
            key.get("robot_id"),
            status_text(key.get("status")),
            moment(key.get("created_at")),
            moment(key.get("expires_at")),
            moment(key.get("last_used_at")),
        )
        for key in answer.get("keys", ())
    ]
    print_table(("ID", "NAME", "ROBOT", "STATUS", "CREATED", "EXPIRES", "LAST USED"), rows, none="No keys.")
    note_hidden(len(rows), answer.get("total"))


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="KEY_ID")], output: Output = OutputFormat.TABLE) -> None:
    """Revoke a key: its robot is locked out at once."""
    from cli.client.api import segment

    with connect() as api:
        revoked = api.post(f"/robot-api-keys/{segment(key_id)}/revoke")
    if output is OutputFormat.JSON:
        print_json(revoked)
    else:
        note(f"Key {key_id} is revoked.")
