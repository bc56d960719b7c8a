"""`casare key`: robots' API keys."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import All, Limit, note_hidden
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table, status_text
from cli.times import moment, moment_after, seconds_in

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Create, list, rotate and revoke robots' API keys.", no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, as `casare key list` shows it.")]


@app.command()
def create(
    robot_id: Annotated[
        str | None,
        typer.Option("--robot-id", help="The one robot it is for; without it, it can register any robot."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="What to call it. Default: the robot's id.")] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help="The only environment whose robots it can register.")
    ] = None,
    expires_at: Annotated[
        str | None,
        typer.Option("--expires-at", help="When it ends: 90d, or a time such as 2027-01-31. Default: never."),
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create an API key for a robot. Its secret is printed once: it cannot be looked up later.

    \b
    Examples:
      casare key create --robot-id line-1
      casare key create --robot-id line-1 -o json | jq -r .api_key > key.txt
    """
    if not name and not robot_id:
        raise UsageProblem("A key needs --robot-id or --name.")
    wanted = {
        "robot_id": robot_id,
        "name": name or robot_id,
        "description": description,
        "environment": environment,
        "expires_at": expires_at and moment_after(expires_at, time.time_ns() // 1_000_000, "--expires-at"),
    }
    body = {key: value for key, value in wanted.items() if value is not None}
    with connect() as api:
        created = api.create("/robot-api-keys", body)
    print_answer(created, output, _print_secret)


@app.command("list")
def list_keys(
    robot_id: Annotated[str | None, typer.Option("--robot-id", help="Only keys of this robot.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="active, expired or revoked.")] = None,
    limit: Limit = 100,
    everything: All = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """List the keys, newest first, without their secrets.

    \b
    Examples:
      casare key list --robot-id line-1
    """
    from cli.client.pages import read_list

    with connect() as api:
        filters = {"robot_id": robot_id, "status": status}
        found = read_list(api, "/robot-api-keys", "keys", filters, limit=None if everything else limit)
    print_answer(found.entries, output, _print_keys)
    note_hidden(found.n_hidden)


@app.command()
def show(key_id: KeyId, output: Output = OutputFormat.TABLE) -> None:
    """Show one key, without its secret.

    \b
    Examples:
      casare key show b7qk2mdhx5ta
    """
    from cli.client.api import segment

    with connect() as api:
        key = api.get(f"/robot-api-keys/{segment(key_id)}")
    print_answer(key, output, _print_key)


@app.command()
def rotate(
    key_id: KeyId,
    overlap: Annotated[str, typer.Option("--overlap", help="How long the old key stays valid: 0 to 7d.")] = "24h",
    output: Output = OutputFormat.TABLE,
) -> None:
    """Replace a key by a new one for the same robot. The new secret is printed once.

    The old key stays valid for the overlap, so that the robot can be given the new one without stopping.

    \b
    Examples:
      casare key rotate b7qk2mdhx5ta
      casare key rotate b7qk2mdhx5ta --overlap 0
    """
    from cli.client.api import segment

    body = {"overlap_seconds": seconds_in(overlap, "--overlap")}
    with connect() as api:
        rotated = api.create(f"/robot-api-keys/{segment(key_id)}/rotate", body)
    print_answer(rotated, output, _print_secret)


@app.command()
def revoke(key_id: KeyId, output: Output = OutputFormat.TABLE) -> None:
    """Revoke a key: its robot is locked out at once.

    \b
    Examples:
      casare key revoke b7qk2mdhx5ta
    """
    from cli.client.api import segment

    with connect() as api:
        revoked = api.post(f"/robot-api-keys/{segment(key_id)}/revoke")
    print_answer(revoked, output, lambda _: note(f"Key {key_id} is revoked."))


def _print_secret(created: "Answer") -> None:
    key, previous = created.get("key") or {}, created.get("previous")
    fields: list[tuple[str, object]] = [
        ("key", created.get("api_key")),
        ("id", key.get("id")),
        ("robot", key.get("robot_id")),
    ]
    if previous:
        fields.append(("old key ends", moment(previous.get("expires_at"))))
    print_fields(fields)
    note("Keep the key now: it is shown only this once. The robot reads it from CASARE_ROBOT_API_KEY.")


def _print_keys(keys: "list[Answer]") -> None:
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
        for key in keys
    ]
    print_table(("ID", "NAME", "ROBOT", "STATUS", "CREATED", "EXPIRES", "LAST USED"), rows, none="No keys.")


def _print_key(key: dict[str, Any]) -> None:
    print_fields(
        [
            ("id", key.get("id")),
            ("name", key.get("key_name")),
            ("robot", key.get("robot_id")),
            ("environment", key.get("environment")),
            ("description", key.get("description")),
            ("status", status_text(key.get("status"))),
            ("created", moment(key.get("created_at"))),
            ("expires", moment(key.get("expires_at"))),
            ("last used", moment(key.get("last_used_at"))),
            ("replaced by", key.get("rotated_to")),
        ]
    )
