"""`casare profile`: the logins kept on this machine."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client.connect import chosen_profile
from cli.commands.options import Yes
from cli.completion import complete_profile
from cli.confirm import confirm
from cli.failures import NotThere
from cli.output import Output, OutputFormat, note, print_answer, print_fields, print_table

if TYPE_CHECKING:
    from cli.profiles import ProfileStore

app = typer.Typer(help="List the logins kept on this machine, and choose one.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The profile's name.", autocompletion=complete_profile)]


@app.command("list")
def list_profiles(output: Output = OutputFormat.TABLE) -> None:
    """List the profiles; the star marks the one in use. Nobody is asked: a login may have ended at its server.

    \b
    Examples:
      casare profile list
    """
    print_answer([asdict(one) for one in _store().known()], output, _print_profiles)


@app.command()
def use(name: Name) -> None:
    """Let commands without --profile use this one.

    \b
    Examples:
      casare profile use prod
    """
    store = _store()
    with store.locked():
        _require(store, name)
        store.use(name)
    note(f"{name} is in use, at {store.url_of(name)}.")


@app.command()
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Default: the one in use.", autocompletion=complete_profile),
    ] = None,
    output: Output = OutputFormat.TABLE,
) -> None:
    """Show one profile, without its tokens, and the file that keeps it.

    \b
    Examples:
      casare profile show
      casare profile show prod -o json
    """
    store = _store()
    wanted = name or chosen_profile() or store.current()
    if wanted is None:
        raise NotThere("No profile is in use.", advice="Run: casare login")
    _require(store, wanted)
    (found,) = (one for one in store.known() if one.name == wanted)
    print_answer({**asdict(found), "file": str(store.path)}, output, _print_profile)


@app.command()
def remove(name: Name, yes: Yes = False) -> None:
    """Forget a profile. The server is not told: `casare logout --profile NAME` first ends the login there too.

    \b
    Examples:
      casare profile remove old --yes
    """
    store = _store()
    _require(store, name)
    confirm(f"Forget the profile {name} at {store.url_of(name)}?", yes=yes)
    with store.locked():
        store.remove(name)
    note(f"The profile {name} is forgotten.")


def _store() -> "ProfileStore":
    from cli.profiles import ProfileStore, config_folder

    return ProfileStore(config_folder())


def _require(store: "ProfileStore", name: str) -> None:
    if store.url_of(name) is None:
        raise NotThere(f"There is no profile called {name!r}.", advice="`casare profile list` shows those there are.")


def _print_profiles(profiles: list[dict[str, Any]]) -> None:
    rows = [
        (one["name"], one["url"], one["username"], one["is_logged_in"], "*" if one["is_current"] else "")
        for one in profiles
    ]
    print_table(("PROFILE", "SERVER", "USER", "LOGGED IN", "IN USE"), rows, none="No profiles. Run: casare login")


def _print_profile(profile: dict[str, Any]) -> None:
    print_fields(
        [
            ("profile", profile["name"]),
            ("server", profile["url"]),
            ("user", profile["username"]),
            ("logged in", profile["is_logged_in"]),
            ("in use", profile["is_current"]),
            ("file", profile["file"]),
        ]
    )
