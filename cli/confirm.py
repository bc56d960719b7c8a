"""Asking before something is lost."""

import sys
from typing import Final

import typer

from cli.failures import UsageProblem
from cli.output import note, printable

_YES: Final = ("y", "yes")


def confirm(question: str, *, yes: bool) -> None:
    """Returns when the person says yes, or has said so by `--yes`. Ends the command with 1 when not.

    Raises UsageProblem where there is no terminal to ask at: nothing is done then.
    """
    if yes:
        return
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageProblem(f"{question} Nobody can be asked here, so nothing was done.", advice="Say so with --yes.")
    print(f"{printable(question)} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in _YES:
        note("Nothing was done.")
        raise typer.Exit(1)
