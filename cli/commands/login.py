"""`casare login`, `casare logout` and `casare whoami`."""

import os
import sys
from typing import Annotated, Any, Final

import typer

from cli.client.connect import chosen_profile, connect_session
from cli.failures import ServerUnavailable, UsageProblem
from cli.output import Output, OutputFormat, note, print_answer, print_fields

FIRST_ADMIN: Final = "admin"


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the top level."""
    app.command("login")(login)
    app.command("logout")(logout)
    app.command("whoami")(whoami)


def login(
    url: Annotated[
        str | None,
        typer.Option("--url", help="The server. Default: CASARE_URL, the last one, or http://127.0.0.1:8000."),
    ] = None,
    username: Annotated[str, typer.Option("--username", "-u", help="Who you are.")] = FIRST_ADMIN,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Which of your tenants, if there are several. Default: default.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from stdin, not from CASARE_PASSWORD or a prompt."),
    ] = False,
) -> None:
    """Log in; later commands use and renew this login.

    The password comes from stdin, CASARE_PASSWORD, CASARE_ADMIN_PASSWORD (for the user admin), or a prompt. With
    --profile NAME the login gets a name, and later commands with that --profile, or CASARE_PROFILE, use it; without one
    it is called by the server's address. The last login is the one in use: `casare profile use` changes that.

    \b
    Examples:
      casare login
      casare login --profile prod --url https://casare.example.com --username ada
      pass show casare | casare login --password-stdin
    """
    from cli.client.address import is_this_machine

    with connect_session(url) as session:
        server = session.transport.url
        if server.startswith("http:") and not is_this_machine(server):
            note(f"Warning: {server} is not encrypted; the password can be read on the way.")
        if chosen_profile() is None:
            session.give_way(username)
        session.begin(username, _password(username, server, from_stdin=password_stdin), tenant_id=tenant)
        kept = "" if session.name == server else f" The profile is called {session.name}."
        note(f"Logged in at {server} as {username}.{kept}")


def logout() -> None:
    """Log out: the server ends the login, and its tokens are deleted here.

    \b
    Examples:
      casare logout
      casare logout --profile prod
    """
    with connect_session(None) as session:
        server = session.transport.url
        try:
            was_logged_in = session.end()
        except ServerUnavailable as error:
            told = "The login is deleted here; the server, which was not told, ends it in a week."
            raise ServerUnavailable(str(error), advice=told) from error
        note(f"Logged out at {server}." if was_logged_in else f"There was no login at {server}.")


def whoami(output: Output = OutputFormat.TABLE) -> None:
    """Show as whom, where, and in which tenant commands are carried out.

    \b
    Examples:
      casare whoami
      casare whoami --profile prod -o json
    """
    from cli.client.api import Api

    with connect_session(None) as session:
        me = Api(session).get("/auth/me")
        print_answer({"profile": session.name, "url": session.transport.url, **me}, output, _print_me)


def _print_me(me: dict[str, Any]) -> None:
    print_fields(
        [
            ("user", me.get("user_id")),
            ("tenant", me.get("tenant_id")),
            ("roles", ", ".join(me.get("roles") or ())),
            ("server", me.get("url")),
            ("profile", me.get("profile")),
        ]
    )


def _password(username: str, server: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    names = ("CASARE_PASSWORD", "CASARE_ADMIN_PASSWORD") if username == FIRST_ADMIN else ("CASARE_PASSWORD",)
    for name in names:
        if os.environ.get(name):
            return os.environ[name]
    if not sys.stdin.isatty():
        raise UsageProblem("There is no terminal to ask for the password.", advice="Use --password-stdin.")
    from getpass import getpass

    return getpass(f"Password of {username} at {server}: ")
