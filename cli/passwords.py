"""Passwords from where others cannot read them: a prompt, a file, or stdin. Never from the command line."""

import sys
from pathlib import Path

from cli.failures import UsageProblem


def new_password(whose: str, file: Path | None) -> str:
    """The password in the first line of `file`, of stdin when it is `-`; asked for twice when None.

    Raises UsageProblem when there is none, nobody can be asked, or the two differ.
    """
    if file is not None:
        return _from_file(file)
    first = ask(f"New password ({whose}): ")
    if ask("The same again: ") != first:
        raise UsageProblem("The two passwords differ; nothing was changed.")
    return first


def ask(question: str) -> str:
    """What is typed, without showing it. Raises UsageProblem when there is no terminal, or nothing was typed."""
    if not sys.stdin.isatty():
        raise UsageProblem(
            "There is no terminal to ask for the password.", advice="Use --password-file FILE, or - for stdin."
        )
    from getpass import getpass

    typed = getpass(question)
    if not typed:
        raise UsageProblem("No password was typed; nothing was changed.")
    return typed


def _from_file(file: Path) -> str:
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"Cannot read the password from {file}: {error}.") from error
    password = text.rstrip("\r\n")
    if not password:
        raise UsageProblem(f"There is no password in {'stdin' if str(file) == '-' else file}.")
    return password
