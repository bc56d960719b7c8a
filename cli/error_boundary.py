"""The one place where a command's failure becomes a line on stderr and an exit code."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from cli.failures import CommandFailed, ExitCode
from cli.output import fail

_FLAGS: Final = ("--no-color",)
_OPTIONS: Final = ("--profile", "-p")


class CasareGroup(TyperGroup):
    """All commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The options of all commands may stand anywhere: `casare job list --profile prod`."""
        general, rest = apart(args)
        return super().parse_args(ctx, [*general, *rest])

    def invoke(self, ctx: Any) -> Any:
        """Runs the command, and writes out what it printed while somebody can still be told that nobody reads it."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error

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
        except ReaderGone:
            # As `head` leaves us. What is still buffered would fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(ExitCode.READER_GONE)
        sys.exit(code or ExitCode.OK)


class ReaderGone(Exception):
    """Nobody reads what is printed any more."""


def apart(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options of all commands, wherever they stand in `args`, and the rest; all that follows `--` is rest."""
    general: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _FLAGS or word.startswith("--profile="):
            general.append(word)
        elif word in _OPTIONS:
            general += [word, *_next(words)]
        else:
            rest.append(word)
    return general, rest


def _next(words: Iterator[str]) -> list[str]:
    return [word for word in (next(words, None),) if word is not None]


def _explain(misuse: typer.TyperException) -> None:
    # A group called without a command has printed its help, and has nothing to add.
    if message := misuse.format_message():
        context = getattr(misuse, "ctx", None)
        fail(message, "" if context is None else f"Try: {context.command_path} --help")
