"""`casare user`: the people of a tenant."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import connect
from cli.commands.options import All, Limit, Yes, note_hidden
from cli.confirm import confirm
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import moment

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Create and change users of the tenant. For administrators.", no_args_is_help=True)


class Role(StrEnum):
    """What a user may do; each includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    DEVELOPER = "developer"
    ADMIN = "admin"


UserId = Annotated[str, typer.Argument(metavar="USER", help="The user's name.")]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="How the user is called.")]
Email = Annotated[str | None, typer.Option("--email", help="The user's address.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="Read the password from this file's first line, - for stdin. Default: ask."),
]


@app.command()
def create(
    user: UserId,
    role: Annotated[Role, typer.Option("--role", help="What the user may do.")] = Role.VIEWER,
    display_name: DisplayName = None,
    email: Email = None,
    password_file: PasswordFile = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create a user in the tenant one is logged in to. The password is asked for.

    \b
    Examples:
      casare user create ada --role operator --display-name "Ada L."
      pass show ada | casare user create ada --password-file -
    """
    from cli.passwords import new_password

    wanted = {"username": user, "role": role.value, "display_name": display_name, "email": email}
    body = {**_given(wanted), "password": new_password(user, password_file)}
    with connect() as api:
        created = api.create("/users", body)
    print_answer(created, output, _print_user)


@app.command("list")
def list_users(limit: Limit = 100, everything: All = False, output: Output = OutputFormat.TABLE) -> None:
    """List the users of the tenant.

    \b
    Examples:
      casare user list
    """
    from cli.client.pages import read_list

    with connect() as api:
        found = read_list(api, "/users", "users", limit=None if everything else limit)
    print_answer(found.entries, output, _print_users)
    note_hidden(found.n_hidden)


@app.command()
def show(user: UserId, output: Output = OutputFormat.TABLE) -> None:
    """Show one user.

    \b
    Examples:
      casare user show ada
    """
    from cli.client.api import segment

    with connect() as api:
        found = api.get(f"/users/{segment(user)}")
    print_answer(found, output, _print_user)


@app.command()
def update(
    user: UserId,
    role: Annotated[Role | None, typer.Option("--role", help="What the user may do from now on.")] = None,
    display_name: DisplayName = None,
    email: Email = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Change a user's role, name or address. A new role ends the user's sessions.

    \b
    Examples:
      casare user update ada --role developer
    """
    body = _given({"role": None if role is None else role.value, "display_name": display_name, "email": email})
    if not body:
        raise UsageProblem("There is nothing to change.", advice="Give --role, --display-name or --email.")
    _change(user, body, output)


@app.command()
def disable(user: UserId, output: Output = OutputFormat.TABLE) -> None:
    """Keep a user out of the tenant, at once, until enabled again.

    \b
    Examples:
      casare user disable ada
    """
    _change(user, {"disabled": True}, output)


@app.command()
def enable(user: UserId, output: Output = OutputFormat.TABLE) -> None:
    """Let a disabled user in again.

    \b
    Examples:
      casare user enable ada
    """
    _change(user, {"disabled": False}, output)


@app.command()
def password(
    user: Annotated[
        str | None, typer.Argument(metavar="[USER]", help="For administrators: whose. Default: one's own.")
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Change a password: one's own, which needs the present one, or, for administrators, another user's.

    It ends the sessions of that user.

    \b
    Examples:
      casare user password
      pass show ada | casare user password ada --password-file -
    """
    from cli.client.api import segment
    from cli.passwords import ask, new_password

    with connect() as api:
        if user is not None:
            api.put(f"/users/{segment(user)}", {"password": new_password(user, password_file)})
            note(f"The password of {user} is changed.")
            return
        if not sys.stdin.isatty():
            raise UsageProblem(
                "One's own password is changed at a terminal, where the present one is asked for.",
                advice="Administrators name the user: casare user password USER --password-file FILE",
            )
        present = ask("Your present password: ")
        body = {"current_password": present, "new_password": new_password("yours", password_file)}
        api.post("/auth/password", body)
    note("Your password is changed. Log in again: casare login")


@app.command()
def delete(user: UserId, yes: Yes = False, output: Output = OutputFormat.TABLE) -> None:
    """Remove a user from the tenant; the account goes when it belongs to no other.

    \b
    Examples:
      casare user delete ada --yes
    """
    from cli.client.api import segment

    confirm(f"Remove the user {user}?", yes=yes)
    with connect() as api:
        removed = api.delete(f"/users/{segment(user)}")
    print_answer(removed, output, _note_removed)


def _change(user: str, body: dict[str, Any], output: OutputFormat) -> None:
    from cli.client.api import segment

    with connect() as api:
        changed = api.put(f"/users/{segment(user)}", body)
    print_answer(changed, output, _print_user)


def _given(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _note_removed(removed: "Answer") -> None:
    still = "" if removed.get("account_deleted") else " The account stays: it belongs to another tenant, too."
    note(f"{removed.get('user_id')} is removed from {removed.get('tenant_id')}.{still}")


def _print_users(users: "list[Answer]") -> None:
    rows = [
        (
            user.get("user_id"),
            user.get("role"),
            user.get("display_name"),
            user.get("email"),
            user.get("disabled"),
            moment(user.get("created_at")),
        )
        for user in users
    ]
    print_table(("USER", "ROLE", "NAME", "EMAIL", "DISABLED", "CREATED"), rows, none="No users.")


def _print_user(user: "Answer") -> None:
    print_fields(
        [
            ("user", user.get("user_id")),
            ("role", user.get("role")),
            ("tenant", user.get("tenant_id")),
            ("name", user.get("display_name")),
            ("email", user.get("email")),
            ("disabled", user.get("disabled")),
            ("created", moment(user.get("created_at"))),
        ]
    )
