"""`casare login` and `casare logout`."""

import os
import sys
from typing import Annotated, Final

import typer

from cli.client.connect import connect_session
from cli.failures import ServerUnavailable, UsageProblem
from cli.output import note

FIRST_ADMIN: Final = "admin"


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the top level."""
    app.command("login")(login)
    app.command("logout")(logout)


def login(
    url: Annotated[
        str | None,
        typer.Option("--url", help="The server. Default: CASARE_URL, the last one, or http://127.0.0.1:8000."),
    ] = None,
    username: Annotated[str, typer.Option("--username", "-u", help="Who you are.")] = FIRST_ADMIN,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from stdin, not from CASARE_PASSWORD or a prompt."),
    ] = False,
) -> None:
    """Log in; later commands use and renew this login.

    The password comes from stdin, CASARE_PASSWORD, CASARE_ADMIN_PASSWORD (for the user admin), or a prompt.
    """
    from cli.client.address import is_this_machine

    with connect_session(url) as session:
        server = session.transport.url
        if server.startswith("http:") and not is_this_machine(server):
            note(f"Warning: {server} is not encrypted; the password can be read on the way.")
        session.begin(username, _password(username, server, from_stdin=password_stdin))
        note(f"Logged in at {server} as {username}.")


def logout() -> None:
    """Log out: the server ends the login, and its tokens are deleted here."""
    with connect_session(None) as session:
        server = session.transport.url
        try:
            was_logged_in = session.end()
        except ServerUnavailable as error:
            told = "The login is deleted here; the server, which was not told, ends it in a week."
            raise ServerUnavailable(str(error), advice=told) from error
        note(f"Logged out at {server}." if was_logged_in else f"There was no login at {server}.")


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
