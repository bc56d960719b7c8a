"""The one place where a command's failure becomes a line on stderr and an exit code."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from cli.failures import CommandFailed, ExitCode
from cli.output import fail


class CasareGroup(TyperGroup):
    """All commands."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Runs what `args` say and exits; `standalone_mode` makes no difference."""
        del standalone_mode
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except CommandFailed as failure:
            fail(str(failure), failure.advice)
            sys.exit(failure.exit_code)
        except typer.TyperException as misuse:
            _explain(misuse)
            sys.exit(ExitCode.USAGE)
        except typer.Abort:
            sys.exit(ExitCode.INTERRUPTED)
        sys.exit(code or ExitCode.OK)


def _explain(misuse: typer.TyperException) -> None:
    # A group called without a command has printed its help, and has nothing to add.
    if message := misuse.format_message():
        context = getattr(misuse, "ctx", None)
        fail(message, "" if context is None else f"Try: {context.command_path} --help")
