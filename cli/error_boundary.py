"""The one place where a command's failure becomes a line on stderr and an exit code."""

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from cli.failures import CommandFailed, ExitCode
from cli.output import fail

_OUTPUT_LOST: Final = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT)
_FLAGS: Final = ("--no-color",)
_OPTIONS: Final = ("--profile", "-p")


class CasareGroup(TyperGroup):
    """All commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The options of all commands may stand anywhere: `casare job list --profile prod`."""
        general, rest = apart(args)
        return super().parse_args(ctx, [*general, *rest])

    def invoke(self, ctx: Any) -> Any:
        """Runs the command, and writes out what it printed."""
        with _written_out():
            return super().invoke(ctx)

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
        _stand_in_for_closed_streams()
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
        except UnicodeEncodeError as error:
            # Python hands over bytes that are no text as lone surrogates, which cannot be sent.
            fail(f"{error.object[error.start : error.end]!a} is not text in UTF-8.", "Does this terminal use UTF-8?")
            sys.exit(ExitCode.USAGE)
        except OutputLost as lost:
            # What is still buffered would fail again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if lost.reader_is_gone:  # as `head` leaves us
                sys.exit(ExitCode.READER_GONE)
            fail(str(lost), "What the command does may be done already.")
            sys.exit(ExitCode.FAILED)
        sys.exit(code or ExitCode.OK)


class OutputLost(Exception):
    """What is printed cannot be written: nobody reads it any more, or there is no room for it."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"Writing failed: {error.strerror}.")
        self.reader_is_gone = isinstance(error, BrokenPipeError)


@contextmanager
def _written_out() -> Iterator[None]:
    """Writes out what the block prints while it can still be said that it is lost. Raises OutputLost."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in _OUTPUT_LOST:
            raise
        raise OutputLost(error) from error


def _stand_in_for_closed_streams() -> None:
    """Python has no stream where the shell closed one (`>&-`): what would be printed there goes nowhere."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open to the end)
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (open to the end)


def apart(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options of all commands, wherever they stand in `args`, and the rest; all that follows `--` is rest.

    An option that lacks its value stands alone: no word of the rest may be taken for it.
    """
    general: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _FLAGS or word.startswith("--profile="):
            general.append(word)
        elif word in _OPTIONS:
            value = next(words, None)
            if value is None:
                return [word], []
            general += [word, value]
        else:
            rest.append(word)
    return general, rest


def _explain(misuse: typer.TyperException) -> None:
    # A group called without a command has printed its help, and has nothing to add.
    if message := misuse.format_message():
        context = getattr(misuse, "ctx", None)
        fail(message, "" if context is None else f"Try: {context.command_path} --help")
