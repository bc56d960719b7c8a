"""`casare tenant`: separate worlds in one installation."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.client.connect import connect
from cli.commands.options import All, Limit, Yes, note_hidden
from cli.commands.users import Role, UserId
from cli.confirm import confirm
from cli.failures import UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table
from cli.times import moment

if TYPE_CHECKING:
    from cli.client.api import Answer

app = typer.Typer(help="Tenants and their members. For administrators of the installation.", no_args_is_help=True)
members = typer.Typer(help="Who belongs to a tenant.", no_args_is_help=True)
app.add_typer(members, name="members")

TenantId = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's id.")]


@app.command()
def create(
    tenant: TenantId,
    name: Annotated[str | None, typer.Option("--name", help="What people call it. Default: its id.")] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Create a tenant; one becomes its first administrator.

    \b
    Examples:
      casare tenant create north --name "Plant North"
    """
    with connect() as api:
        created = api.create("/tenants", {"tenant_id": tenant, "name": name or tenant})
    print_answer(created, output, _print_tenant)


@app.command("list")
def list_tenants(limit: Limit = 100, everything: All = False, output: Output = OutputFormat.TABLE) -> None:
    """List the tenants one may see.

    \b
    Examples:
      casare tenant list
    """
    from cli.client.pages import read_list

    with connect() as api:
        found = read_list(api, "/tenants", "tenants", limit=None if everything else limit)
    print_answer(found.entries, output, _print_tenants)
    note_hidden(found.n_hidden)


@app.command()
def show(tenant: TenantId, output: Output = OutputFormat.TABLE) -> None:
    """Show one tenant.

    \b
    Examples:
      casare tenant show north
    """
    from cli.client.api import segment

    with connect() as api:
        found = api.get(f"/tenants/{segment(tenant)}")
    print_answer(found, output, _print_tenant)


@app.command()
def update(
    tenant: TenantId,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether nobody may enter, neither users nor robots.")
    ] = None,
    yes: Yes = False,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Rename a tenant, or disable it: its users and robots are then locked out at once.

    \b
    Examples:
      casare tenant update north --name "Plant North-East"
      casare tenant update north --disable --yes
    """
    from cli.client.api import segment

    body = {key: value for key, value in {"name": name, "disabled": disabled}.items() if value is not None}
    if not body:
        raise UsageProblem("There is nothing to change.", advice="Give --name, --disable or --enable.")
    if disabled:
        confirm(f"Lock everybody out of {tenant}?", yes=yes)
    with connect() as api:
        changed = api.put(f"/tenants/{segment(tenant)}", body)
    print_answer(changed, output, _print_tenant)


@members.command()
def add(
    tenant: TenantId,
    user: UserId,
    role: Annotated[Role, typer.Option("--role", help="What the user may do there.")] = Role.VIEWER,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Let an existing user into a tenant, or change the role there.

    \b
    Examples:
      casare tenant members add north ada --role operator
    """
    from cli.client.api import segment

    with connect() as api:
        member = api.put(f"/tenants/{segment(tenant)}/members/{segment(user)}", {"role": role.value})
    print_answer(member, output, lambda _: note(f"{user} is {role.value} in {tenant}."))


@members.command()
def remove(tenant: TenantId, user: UserId, yes: Yes = False, output: Output = OutputFormat.TABLE) -> None:
    """Take a user out of a tenant; the account goes when it belongs to no other.

    \b
    Examples:
      casare tenant members remove north ada --yes
    """
    from cli.client.api import segment

    confirm(f"Take {user} out of {tenant}?", yes=yes)
    with connect() as api:
        removed = api.delete(f"/tenants/{segment(tenant)}/members/{segment(user)}")
    print_answer(removed, output, lambda _: note(f"{user} is removed from {tenant}."))


def _print_tenants(tenants: "list[Answer]") -> None:
    rows = [
        (one.get("tenant_id"), one.get("name"), one.get("disabled"), moment(one.get("created_at"))) for one in tenants
    ]
    print_table(("TENANT", "NAME", "DISABLED", "CREATED"), rows, none="No tenants.")


def _print_tenant(tenant: "Answer") -> None:
    print_fields(
        [
            ("tenant", tenant.get("tenant_id")),
            ("name", tenant.get("name")),
            ("disabled", tenant.get("disabled")),
            ("created", moment(tenant.get("created_at"))),
        ]
    )
